"""Input and output of the programs.  Runs in their environments, so it uses only the standard library and httpx."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx

from local.parts.stdin import at_end_of_stdin

RUNNING = "Running"

#: The messages of a program, one per line: about to start the watches; all started; all ended.
READY, STARTED, ENDED = "ready", "started", "ended"

#: As in the app: concurrent turns by host.json, and few idle connections.
AT_ONCE = 256
LIMITS = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=10)

TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Work:
    """The jobs to watch."""

    url: str  #: of the platform
    headers: Mapping[str, str]  #: of each request
    paths: Sequence[str]  #: of each job's status
    delay: float  #: seconds between two polls of a job
    state: str  #: a directory for persistent state
    server: Mapping[str, str] = field(default_factory=dict)  #: addresses of the server that keeps the state, if any
    resumes: bool = False  #: an earlier program was killed during this work

    def client(self) -> httpx.Client:
        """Return a client of the platform."""
        return httpx.Client(base_url=self.url, headers=self.headers, limits=LIMITS, timeout=TIMEOUT, trust_env=False)

    def async_client(self) -> httpx.AsyncClient:
        """Return a client of the platform."""
        return httpx.AsyncClient(
            base_url=self.url, headers=self.headers, limits=LIMITS, timeout=TIMEOUT, trust_env=False
        )


def status(answer: httpx.Response) -> str:
    """Read the status word of a job."""
    word: str = answer.raise_for_status().json()["status"]["state"]
    return word


def write(work: Work, file: Path) -> None:
    """Write the work for `read`."""
    file.write_text(json.dumps(asdict(work)))


def read() -> Work:
    """Read the work from the file on the command line.  From here on the program ends when its stdin closes."""
    at_end_of_stdin(lambda: os._exit(1))
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    return Work(**json.loads(parser.parse_args().file.read_text()))


def say(word: str) -> None:
    """Print one of the messages above."""
    print(word, flush=True)
