"""Entry point: the Functions host imports this file and indexes `app`.

Each function is a file of `functions`, named like it.  The operations of the HTTP API are described in
`shared/web/operations.py`.
"""

import gc
import os

gc.disable()  # until all is imported, of which nothing is garbage: to look for some takes an eighth of the time
# It would search all packages for some (https://docs.pydantic.dev/latest/concepts/plugins/#disabling-plugins).
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

import azure.functions as func  # noqa: E402

import functions.poll_watch  # noqa: E402, F401 -- most processes give turns: imported before somebody waits for one
from functions.support.triggers import on_each_queue, on_queue, on_request, on_time  # noqa: E402

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

on_request(app, "start_watch", "watches", "POST")
on_request(app, "list_watches", "watches", "GET", "HEAD")
on_request(app, "read_watch", "watches/{id}", "GET", "HEAD")
on_request(app, "stop_watch", "watches/{id}", "DELETE")
on_request(app, "list_gates", "gates", "GET", "HEAD")
on_request(app, "receive_event", "events", "POST", "OPTIONS")
on_request(app, "health", "health", "GET", "HEAD")
on_request(app, "describe", "openapi.json", "GET", "HEAD", takes_key=False)
# It matches only an empty path.  An empty route does not work: the host treats it as absent, and uses the name of the
# function (WebScriptHostHttpRoutesManager.cs).  A catch-all does not work either: the host tries functions in the order
# of their names, and the first match wins, however specific the others are.  Seen on host 4.1037.
on_request(app, "show_page", "{nothing:maxlength(0)?}", "GET", "HEAD", takes_key=False)

on_each_queue(app, "poll_watch")
on_each_queue(app, "revive_watch", suffix="-poison")
on_queue(app, "send_callback", "%TICKETS_QUEUE%-callbacks")
on_time(app, "tend_watches", "0 */5 * * * *")

gc.freeze()  # what is imported stays: no collection need look at it
gc.enable()
