"""A process that starts: its imports, and how long its first turn takes to come."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from local.bench.ground import SUCCEEDED, Ground, path
from local.bench.spread import Figures, Spread
from local.bootstrap import ROOT

WITHIN = timedelta(minutes=1)
HEAVIEST = 8


def cold(ground: Ground, runs: int) -> Figures:
    """Import the app in new processes; start hosts with a ticket waiting."""
    imports = [_import_seconds() for _ in range(runs)]
    firsts = [_first_poll(ground, f"cold-{run}") for run in range(runs)]
    heaviest = sorted(_packages().items(), key=lambda one: -one[1])[:HEAVIEST]
    return {
        "import of function_app": Spread(imports, "s"),
        "start of the host to its first poll": Spread(firsts, "s"),
        **{f"  of the import: {name}": Spread([seconds], "s") for name, seconds in heaviest},
    }


def _import_seconds() -> float:
    code = "import time; began = time.perf_counter(); import function_app; print(time.perf_counter() - began)"
    return float(_python("-c", code).stdout)


def _packages() -> dict[str, float]:
    """Seconds of each top-level package's own modules, by `-X importtime`."""
    spent: dict[str, float] = {}
    for line in _python("-X", "importtime", "-c", "import function_app").stderr.splitlines():
        if match := re.match(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)", line):
            parts = match[2].split(".")
            name = ".".join(parts[:3]) if parts[0] == "azure" else parts[0]
            spent[name] = spent.get(name, 0) + int(match[1]) / 1e6
    return spent


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)


def _first_poll(ground: Ground, job: str) -> float:
    ground.script([job], SUCCEEDED)
    ground.make([job])
    began = datetime.now(UTC)
    with ground.host():
        ground.wait_until_done(WITHIN)
    with ground.parts.behind_the_platform() as platform:
        requests = platform.get("/requests").json()["requests"]
    (asked,) = (request["time"] for request in requests if request["path"] == path(job))
    return (datetime.fromisoformat(asked) - began).total_seconds()
