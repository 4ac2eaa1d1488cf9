"""Says what an API lacks that every other one has, in a line each, in the order in which it is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from local.setup.bootstrap import ROOT
from local.simulator.apis import APIS as SIMULATED
from local.trials.scenario import JOBS
from shared.core.model import Outcome
from shared.core.remote import ENDED, RemoteApi

MARK = "TODO"

ERRORS = (401, 404, 429)  #: that every page documents


def missing(api: RemoteApi, root: Path = ROOT) -> list[str]:
    """Return a line for each thing."""
    module = api.name.replace("-", "_")
    value, simulator = f"shared/apis/{module}.py", f"local/simulator/apis/{module}.py"
    recorded, page = f"tests/contract/exchanges/{api.name}.json", f"docs/apis/{api.name}.md"
    return [
        *_marks(root, value),
        *_words(api, value),
        *(_marks(root, recorded) if (root / recorded).exists() else [f"{recorded}: not there"]),
        *(_answers(api, root, recorded) if (root / recorded).exists() else []),
        *(_marks(root, simulator) if (root / simulator).exists() else []),
        *_served(api, root),
        *(_marks(root, page) if (root / page).exists() else [f"{page}: not there; python3 -m local docs creates it"]),
        *_told(api, root),
    ]


def _marks(root: Path, file: str) -> Iterator[str]:
    for number, line in enumerate((root / file).read_text(encoding="utf-8").splitlines(), start=1):
        if MARK in line:
            yield f"{file}, line {number}: {line.strip()[:100]}"


def _words(api: RemoteApi, file: str) -> Iterator[str]:
    ends = {*api.vocabulary.values(), *api.results.values()}
    for outcome in (Outcome.SUCCEEDED, Outcome.FAILED):
        if outcome not in ends:
            yield f"{file}: no word means {outcome}; take all words from the page"


def _answers(api: RemoteApi, root: Path, file: str) -> Iterator[str]:
    recorded = json.loads((root / file).read_text(encoding="utf-8"))
    answers, opaque = recorded.get("answers", []), recorded.get("opaque", [])
    seen = {answer["sees"].get("status") for answer in answers}
    words = [word for word, outcome in api.vocabulary.items() if outcome is not ENDED]
    yield from (f"{file}: no answer has the word {word}" for word in (*words, *api.results) if word not in seen)
    statuses = {answer.get("status") for answer in answers}
    yield from (f"{file}: no answer for {status}" for status in ERRORS if status not in statuses)
    if not opaque:
        yield f'{file}: no "opaque" ids'
    if api.ids_at and not recorded.get("starts"):
        yield f'{file}: no "starts", and the value has ids_at'


def _served(api: RemoteApi, root: Path) -> Iterator[str]:
    if api.name not in {one.name for one in SIMULATED}:
        yield f"local/simulator/apis: the simulator does not serve {api.name}"
    family = "tests/integration/simulator/family.py"
    kinds = (root / family).read_text(encoding="utf-8").split("    Kind(\n")[1:]
    own = [kind.partition("\n    ),")[0] for kind in kinds if f'"{api.name}",' in kind.partition("\n    ),")[0]]
    if not own:
        yield f"{family}: FAMILY has no {api.name}"
    elif any(MARK in kind for kind in own):
        yield f"{family}: {MARK} in the Kind of {api.name}"
    if api.name not in {job.api for job in JOBS}:
        yield f"local/trials/scenario: no job of {api.name}"


def _told(api: RemoteApi, root: Path) -> Iterator[str]:
    for file, link in (("README.md", f"docs/apis/{api.name}.md"), ("docs/apis.md", f"apis/{api.name}.md")):
        if f"({link})" not in (root / file).read_text(encoding="utf-8"):
            yield f"{file}: {api.name} is not in it"
