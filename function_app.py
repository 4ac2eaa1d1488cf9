"""Entry point: the Functions host imports this file and indexes `app`."""

import azure.functions as func

from functions import (
    describe,
    health,
    list_gates,
    list_watches,
    poll_watch,
    read_watch,
    receive_event,
    revive_watch,
    send_callback,
    show_page,
    start_watch,
    stop_watch,
    tend_watches,
)

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(start_watch.bp)
app.register_functions(list_watches.bp)
app.register_functions(read_watch.bp)
app.register_functions(stop_watch.bp)
app.register_functions(list_gates.bp)
app.register_functions(receive_event.bp)
app.register_functions(health.bp)
app.register_functions(describe.bp)
app.register_functions(show_page.bp)
app.register_functions(poll_watch.bp)
app.register_functions(revive_watch.bp)
app.register_functions(send_callback.bp)
app.register_functions(tend_watches.bp)
