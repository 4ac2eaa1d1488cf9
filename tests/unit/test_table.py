"""The table of watches, in terminals of several widths."""

import io
from typing import Any

import pytest
from rich.console import Console

from itwin_job_watch.display import ROOMY, show_all

IDS = ["76be5904-959d-4d02-8b6c-71951279b82a", "d53ad7b7-0386-5017-a781-04a888b57961"]
WATCH: Any = {
    "id": "fea273cb-9273-5ed0-b01b-c044233fe636",
    "api": "synchronization-manifest",
    "job": dict(zip(("connectionId", "runId"), IDS, strict=True)),
    "state": "watching",
    "status": "WaitingToExecute",
    "outcome": None,
    "progress": 50,
    "reason": "a reason " * 20,
}


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("width", [60, 80, 159, 160, 200])
def test_no_name_of_a_watch_is_in_shreds(width):
    file = Terminal()

    show_all(Console(file=file, width=width, color_system=None), [WATCH])

    shown = file.getvalue()
    names = [WATCH["id"][:8], WATCH["api"], *(IDS if width >= ROOMY else [])]
    assert [name for name in names if name not in shown] == []
    assert max(map(len, shown.splitlines())) <= width
