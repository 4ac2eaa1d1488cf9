"""Cold start: the imports, and the time to the first turn, with the packages that are deployed and no other."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local.bench.ground import SUCCEEDED, Ground
from local.bench.spread import Figures, Spread, compared
from local.setup.bootstrap import ROOT, environment_apart
from shared import wiring
from shared.storage.rows import partition

WITHIN = timedelta(minutes=1)
HEAVIEST = 8

REQUIREMENTS = Path(__file__).with_name("cold.txt")

IMPORT, FIRST = "import of function_app", "start of the host to the end of its first turn"


def cold(ground: Ground, runs: int, against: str | None = None) -> Figures:
    """Import the app in new processes; start hosts with a waiting ticket.

    `against` is a revision whose code does the same, before each run of this one.
    """
    python = environment_apart("cold", REQUIREMENTS)
    trees = ground.trees(against)
    for tree in trees.values():  # compiles what it imports
        _import_seconds(python, tree)
    measured: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for run in range(runs):
        for revision, tree in trees.items():
            measured[IMPORT][revision].append(_import_seconds(python, tree))
            measured[FIRST][revision].append(_first_turn(ground, f"cold-{run}-{revision}", python, tree))
    heaviest = sorted(_packages(python).items(), key=lambda one: -one[1])[:HEAVIEST]
    return compared(measured, "s") | {f"  of the import: {name}": Spread([seconds], "s") for name, seconds in heaviest}


def _import_seconds(python: Path, tree: Path) -> float:
    code = "import time; began = time.perf_counter(); import function_app; print(time.perf_counter() - began)"
    return float(_run(python, tree, "-c", code).stdout)


def _packages(python: Path) -> Mapping[str, float]:
    """Return the import seconds of each top-level package, by `-X importtime`."""
    spent: dict[str, float] = defaultdict(float)
    for line in _run(python, ROOT, "-X", "importtime", "-c", "import function_app").stderr.splitlines():
        if match := re.match(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)", line):
            parts = match[2].split(".")
            spent[".".join(parts[:3]) if parts[0] == "azure" else parts[0]] += int(match[1]) / 1e6
    return spent


def _run(python: Path, tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(python), *arguments], cwd=tree, capture_output=True, text=True, check=True)


def _first_turn(ground: Ground, job: str, python: Path, tree: Path) -> float:
    """Return the seconds until the end that the first turn finds is published."""
    ground.script([job], SUCCEEDED)
    (watch,) = ground.make([job])
    with ground.of(tree, python):
        began = datetime.now(UTC)
        with ground.host():
            ground.wait_until_done(WITHIN)
    return (ground.run(_published(watch.id)) - began).total_seconds()


async def _published(watch_id: str) -> datetime:
    row = await wiring.tables().watches.get_entity(partition(watch_id), watch_id)
    written = row.metadata["timestamp"]
    if not row["Published"] or written is None:
        raise ValueError(f"the first turn of {watch_id} has not ended")
    return written
