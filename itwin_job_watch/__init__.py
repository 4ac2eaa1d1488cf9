"""The client of iTwin Job Watch: a command line and a Python API.  It uses only the HTTP API.

>>> from itwin_job_watch import JobWatch
>>> with JobWatch() as jobs:  # doctest: +SKIP
...     ended = jobs.wait(jobs.start("https://api.bentley.com/..."))
"""

from itwin_job_watch.blocking import JobWatch
from itwin_job_watch.errors import (
    JobWatchError,
    NoSuchWatchError,
    UnavailableError,
    UnexpectedAnswerError,
    UnreadableWatchError,
    WaitTimeoutError,
    WatchError,
    WrongKeyError,
    WrongRequestError,
)
from itwin_job_watch.job_watch import AsyncJobWatch
from itwin_job_watch.starts import Start
from itwin_job_watch.watch import Callback, Outcome, State, Watch

__all__ = [
    "AsyncJobWatch",
    "Callback",
    "JobWatch",
    "JobWatchError",
    "NoSuchWatchError",
    "Outcome",
    "Start",
    "State",
    "UnavailableError",
    "UnexpectedAnswerError",
    "UnreadableWatchError",
    "WaitTimeoutError",
    "Watch",
    "WatchError",
    "WrongKeyError",
    "WrongRequestError",
]
