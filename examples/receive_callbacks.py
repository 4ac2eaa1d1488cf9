"""Receive the callbacks of the app, and tell each end once.

    pip install standardwebhooks
    export CALLBACK_SECRET=<the app's setting of this name>
    python receive_callbacks.py 8000

A watch is started with `"callback": {"url": …}`, and the app's CALLBACK_HOSTS lists this receiver.  The app demands
https but for a loopback host: elsewhere, put this behind what ends TLS.  The ids that were seen are kept in memory; a
receiver that matters keeps them where it keeps what it does with an end.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

LARGEST = 1_000_000  # bytes

seen: set[str] = set()


class Receiver(BaseHTTPRequestHandler):
    """Answers 200 for what the app has signed, also for what it sends again; 401 for anything else."""

    timeout = 10  # seconds; one at a time is served, and none may hold up the others

    def do_POST(self) -> None:
        """Take one callback."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST:
            self._answer(413)
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            Webhook(os.environ["CALLBACK_SECRET"]).verify(body, headers)
        except WebhookVerificationError:
            self._answer(401)
            return
        event = json.loads(body)
        if event["id"] not in seen:
            watch = event["data"]
            print(watch["id"], watch["api"], watch["outcome"], flush=True)  # here: what is to be done with an end
            seen.add(event["id"])  # afterwards: if that fails, the app sends the event again
        self._answer(200)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
