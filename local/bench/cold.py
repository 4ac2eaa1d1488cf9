"""Cold start: the imports, and the time to the first turn."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from local.bench.ground import SUCCEEDED, Ground
from local.bench.spread import Figures, Spread
from local.setup.bootstrap import ROOT
from shared import wiring
from shared.storage.rows import partition

WITHIN = timedelta(minutes=1)
HEAVIEST = 8


def cold(ground: Ground, runs: int) -> Figures:
    """Import the app in new processes; start hosts with a waiting ticket."""
    imports = [_import_seconds() for _ in range(runs)]
    firsts = [_first_turn(ground, f"cold-{run}") for run in range(runs)]
    heaviest = sorted(_packages().items(), key=lambda one: -one[1])[:HEAVIEST]
    return {
        "import of function_app": Spread(imports, "s"),
        "start of the host to the end of its first turn": Spread(firsts, "s"),
        **{f"  of the import: {name}": Spread([seconds], "s") for name, seconds in heaviest},
    }


def _import_seconds() -> float:
    code = "import time; began = time.perf_counter(); import function_app; print(time.perf_counter() - began)"
    return float(_python("-c", code).stdout)


def _packages() -> dict[str, float]:
    """Return the import seconds of each top-level package, by `-X importtime`."""
    spent: dict[str, float] = {}
    for line in _python("-X", "importtime", "-c", "import function_app").stderr.splitlines():
        if match := re.match(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)", line):
            parts = match[2].split(".")
            name = ".".join(parts[:3]) if parts[0] == "azure" else parts[0]
            spent[name] = spent.get(name, 0) + int(match[1]) / 1e6
    return spent


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)


def _first_turn(ground: Ground, job: str) -> float:
    """Return the seconds until the end that the first turn finds is published."""
    ground.script([job], SUCCEEDED)
    (watch,) = ground.make([job])
    began = datetime.now(UTC)
    with ground.host():
        ground.wait_until_done(WITHIN)
    return (ground.run(_published(watch.id)) - began).total_seconds()


async def _published(watch_id: str) -> datetime:
    row = await wiring.storage().watches.get_entity(partition(watch_id), watch_id)
    written = row.metadata["timestamp"]
    if not row["Published"] or written is None:
        raise ValueError(f"the first turn of {watch_id} has not ended")
    return written
