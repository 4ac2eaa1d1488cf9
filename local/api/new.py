"""Writes the files of a new API, as far as they follow from its plan; the rest is marked in them."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from string import Template

from local.api import lists
from local.api.borrowed import Borrowed, borrow
from local.api.exchanges import body, exchanges
from local.api.plan import Plan, UnfitError, check
from local.docs import api_names, api_pages
from shared.apis import APIS
from shared.core import paths

TEMPLATES = Path(__file__).parent / "templates"

#: What names all APIs: those of the app, those of the simulator, and how each is tried.  All other files are new.
CHANGED = (
    Path("shared/apis/__init__.py"),
    Path("local/simulator/apis/__init__.py"),
    Path("tests/integration/simulator/family.py"),
)

OUTCOME, REMOTE = "from shared.core.model import Outcome", "from shared.core.remote import RUNNING, RemoteApi"


def write(plan: Plan, root: Path) -> list[Path]:
    """Write and change the files; returns their paths below `root`.  Raises UnfitError before it writes any."""
    check(plan, APIS)
    files = _files(plan, root)
    page = Path(f"docs/apis/{plan.name}.md")
    if taken := [path for path in (*files, page) if path not in CHANGED and (root / path).exists()]:
        raise UnfitError(f"{plan.name}: {taken[0]} is there already, and of something else: choose another name")
    for path, text in files.items():
        (root / path).write_text(text, encoding="utf-8")
    _tidy([path for path in files if path.suffix == ".py"], root)
    value = runpy.run_path(str(root / f"shared/apis/{plan.module}.py"))[plan.constant]
    names = Path("itwin_job_watch/api_names.py")
    (root / names).write_text(api_names.module([*APIS, plan.name]), encoding="utf-8")
    (root / page).write_text(api_pages.new_page(value, plan.source), encoding="utf-8")
    return [*files, names, page]


def _tidy(files: Sequence[Path], root: Path) -> None:
    """Put imports in order, and break lines, as the check wants them."""
    ruff = [sys.executable, "-m", "ruff"]
    these = ["--quiet", *map(str, files)]
    subprocess.run([*ruff, "check", "--select", "I", "--fix", *these], cwd=root, check=True)
    subprocess.run([*ruff, "format", *these], cwd=root, check=True)


def _files(plan: Plan, root: Path) -> dict[Path, str]:
    like = _borrowed(plan, root)
    words = {
        "name": plan.name,
        "constant": plan.constant,
        "path": plan.path,
        "version": str(plan.version),
        "source": plan.source,
        "status_at": plan.status_at,
    }
    value = {
        "imports": "\n".join([OUTCOME, REMOTE, *like.imports]),
        "guids": f"    guids=frozenset({{{', '.join(_quoted(plan.guids))}}}),\n" if plan.guids else "",
        "vocabulary": "".join(f"        {json.dumps(word)}: {_meaning(to)},\n" for word, to in plan.words.items()),
        "more": "".join(_further(plan.like, name, text) for name, text in like.fields.items()),
    }
    view = str(body(plan, "…")).replace("'…'", "view.state.word").replace("'", '"')
    path, _, query = plan.path.partition("?")
    example = {name: f"{name[0]}1" for name in paths.fields(plan.path)}
    queries = _quoted(part.partition("=")[0] for part in query.split("&") if part)
    served = {"path": path, "body": view, "queries": f"    queries=({', '.join(queries)},),\n" if queries else ""}
    asked = f'        query="?{query.format_map(example)}",\n' if query else ""
    family = {"path": path.format_map(example | {paths.fields(path)[-1]: "{}"}), "query": asked}
    registry, simulated, kinds = CHANGED
    return {
        Path(f"shared/apis/{plan.module}.py"): _filled("value.py", words | value),
        registry: _listed(root / registry, "shared.apis", plan, "for api in (", indent=8),
        Path(f"tests/contract/exchanges/{plan.name}.json"): exchanges(plan),
        Path(f"local/simulator/apis/{plan.module}.py"): _filled("simulator.py", words | served),
        simulated: _listed(root / simulated, "local.simulator.apis", plan, "APIS = (", indent=4),
        kinds: lists.with_last(_read(root / kinds), _filled("family.py", words | family), "FAMILY = ["),
    }


def _listed(path: Path, package: str, plan: Plan, opening: str, *, indent: int) -> str:
    line = f"from {package}.{plan.module} import {plan.constant}"
    text = _read(path).replace("\nfrom ", f"\n{line}\nfrom ", 1)
    return lists.with_last(text, f"{' ' * indent}{plan.constant},", opening)


def _borrowed(plan: Plan, root: Path) -> Borrowed:
    if not plan.like:
        return Borrowed({}, [])
    source = _read(root / f"shared/apis/{plan.like.replace('-', '_')}.py")
    return borrow(plan, APIS[plan.like], source)


def _further(like: str, name: str, text: str) -> str:
    return f"    # TODO: as in {like}; so here?\n    {name}={text},\n"


def _meaning(to: str) -> str:
    return "RUNNING" if to == "running" else f"Outcome.{to.upper()}"


def _quoted(texts: Iterable[str]) -> list[str]:
    return [json.dumps(text) for text in texts]


def _filled(template: str, values: Mapping[str, str]) -> str:
    return Template(_read(TEMPLATES / f"{template}.txt")).substitute(values)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
