"""Runs the command line over a scripted app, on a clock of its own."""

import re

import httpx
from click.testing import CliRunner

from itwin_job_watch.cli import main
from itwin_job_watch.client import Api

KEY = "s3cret=="

WATCH = {
    "id": "0d6c9f0e-5a55-5f0e-9d5c-0d6c9f0e5a55",
    "api": "reporting",
    "job": {"jobId": "[bold]j1"},
    "state": "watching",
    "status": "Running",
    "progress": 40.0,
    "outcome": None,
    "reason": "[red]x[/red]",
    "labels": ["a"],
    "callback": None,
}
ENDED = WATCH | {"state": "ended", "outcome": "succeeded"}


class Clock:
    """Stands still unless somebody sleeps."""

    def __init__(self):
        self.now, self.slept = 1000.0, []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        assert len(self.slept) < 1000, "it does not end"
        self.slept.append(seconds)
        self.now += seconds


def run(respond, *arguments, clock=None, **more):
    """Run a command; gives its result, and the requests that were made."""
    made = []
    clock = clock or Clock()

    def answer(request):
        made.append(request)
        assert len(made) < 1000, "it does not end"
        return respond(request)

    api = Api("https://app.example", KEY, httpx.MockTransport(answer), sleep=clock.sleep, clock=clock)
    return Done(CliRunner().invoke(main, arguments, obj=api, **more)), made


class Done:
    """What a command did; its lines of progress, which begin with a time, are apart from what else is on stderr."""

    PROGRESS = re.compile(r"^\d\d:\d\d:\d\dZ .*\n", re.MULTILINE)

    def __init__(self, result):
        self.result, self.stderr = result, self.PROGRESS.sub("", result.stderr)
        self.progress = [line.partition("Z ")[2].strip() for line in self.PROGRESS.findall(result.stderr)]

    def __getattr__(self, name):
        return getattr(self.result, name)


def script(*answers):
    """Answer with each in turn, and with the last one from then on: documents, responses, exceptions."""
    left = list(answers)

    def respond(_):
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return httpx.Response(200, json=answer)

    return respond


def by_watch(**answers):
    """Answer by the id at the end of the path; see `script`."""
    scripts = {watch_id: script(*them) for watch_id, them in answers.items()}
    return lambda request: scripts[request.url.path.rpartition("/")[2]](request)
