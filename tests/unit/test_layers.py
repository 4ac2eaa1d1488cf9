"""Imports point one way, pure files are pure, and what is for laptops stays on laptops."""

import ast
from pathlib import Path

import pytest

from shared.apis import APIS

ROOT = Path(__file__).parents[2]


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


DEPLOYED = {
    module_of(path): ast.parse(path.read_text(encoding="utf-8"))
    for path in [ROOT / "function_app.py", *(ROOT / "functions").rglob("*.py"), *(ROOT / "shared").rglob("*.py")]
}

#: From the top down: each may import what stands on the lines below its own.
LAYERS = [
    {"function_app"},
    {name for name in DEPLOYED if name.startswith("functions.")}
    - {"functions.answers", "functions.page", "functions.queues", "functions.serving", "functions.turns"},
    {"functions.serving"},
    {"functions.answers", "functions.page"},
    {"functions.turns", "functions.queues"},
    {"shared.wiring"},
    {"shared.openapi"},
    {"shared.operations"},
    {"shared.queries", "shared.starting", "shared.calling"},
    {"shared.results", "shared.tending", "shared.listing", "shared.waiting"},
    {"shared.replays"},
    {
        "shared.store",
        "shared.tickets",
        "shared.fetch",
        "shared.posting",
        "shared.telemetry",
        "shared.storage",
        "shared.alone",
        "shared.gates",
        "shared.shelves",
    },
    {"shared.tables"},
    {"shared.watching", "shared.credentials", "shared.schemas", "shared.settings"},
    {"shared.decide", "shared.locate", "shared.bodies", "shared.callbacks", "shared.addresses", "shared.traffic"},
    {"shared.idempotency"},
    {"shared.problems", "shared.apis"},
    {name for name in DEPLOYED if name.startswith("shared.apis.")},
    {"shared.remote"},
    {"shared.schedule", "shared.evidence"},
    {
        "shared.model",
        "shared.text",
        "shared.reading",
        "shared.links",
        "shared.correlation",
        "shared.keys",
        "shared.cursors",
    },
    {"functions", "shared"},  # docstrings
]

#: No I/O, no clock, no randomness.
PURE = ["shared.model", "shared.keys", "shared.cursors", "shared.schedule", "shared.text", "shared.reading"]
PURE += ["shared.links", "shared.evidence", "shared.remote", "shared.traffic", "shared.decide"]
PURE += [name for name in DEPLOYED if name.startswith("shared.apis")]

IMPURE_PACKAGES = {
    "aiohttp", "asyncio", "azure", "concurrent", "contextvars", "http", "httpx", "io", "logging", "multiprocessing",
    "opencensus", "os", "pathlib", "random", "requests", "secrets", "shutil", "socket", "ssl", "subprocess", "sys",
    "tempfile", "threading", "time", "urllib.request", "urllib3", "uuid",
}  # fmt: skip
IMPURE_CALLS = {"now", "utcnow", "today", "fromtimestamp", "open", "__import__"}


def imports(tree):
    """Every module that is imported, wherever in the file; "from a import b" may mean a.b."""
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom(module=module, level=0):
                for alias in node.names:
                    inner = f"{module}.{alias.name}"
                    yield inner if inner in DEPLOYED else module
            case ast.ImportFrom():
                yield "a relative import"


def packages(name):
    """a.b.c is of a.b.c, a.b and a."""
    parts = name.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts) + 1)}


def called(tree):
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
                yield name


@pytest.mark.parametrize("module", PURE)
def test_a_pure_file_imports_nothing_that_acts(module):
    assert [name for name in imports(DEPLOYED[module]) if packages(name) & IMPURE_PACKAGES] == []


@pytest.mark.parametrize("module", PURE)
def test_a_pure_file_asks_no_clock_and_opens_nothing(module):
    assert IMPURE_CALLS.isdisjoint(called(DEPLOYED[module]))


@pytest.mark.parametrize("module", PURE)
def test_a_pure_file_has_no_colour(module):
    coloured = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)

    assert [node.lineno for node in ast.walk(DEPLOYED[module]) if isinstance(node, coloured)] == []


@pytest.mark.parametrize("module", [*DEPLOYED])
def test_what_is_deployed_imports_nothing_that_is_not(module):
    assert [
        name
        for name in imports(DEPLOYED[module])
        if name.partition(".")[0] in {"local", "tests", "itwin_job_watch", "a relative import"}
    ] == []


@pytest.mark.parametrize("module", [*DEPLOYED])
def test_imports_point_one_way(module):
    ours = [name for name in imports(DEPLOYED[module]) if name in DEPLOYED]

    assert [name for name in ours if height(name) >= height(module)] == []


def height(module):
    heights = [len(LAYERS) - depth for depth, layer in enumerate(LAYERS) if module in layer]
    assert len(heights) == 1, f"give {module} its place in LAYERS"
    return heights[0]


@pytest.mark.parametrize("module", [name for name in DEPLOYED if name.startswith("functions.")])
def test_a_trigger_reaches_the_outside_through_the_wiring_alone(module):
    adapters = {
        "shared.store",
        "shared.shelves",
        "shared.replays",
        "shared.results",
        "shared.tickets",
        "shared.gates",
        "shared.fetch",
        "shared.credentials",
        "shared.storage",
        "shared.posting",
    }

    assert adapters.isdisjoint(imports(DEPLOYED[module]))


@pytest.mark.parametrize("module", [name for name in DEPLOYED if name != "shared.telemetry"])
def test_nothing_but_telemetry_knows_the_exporter(module):
    assert [name for name in imports(DEPLOYED[module]) if name.startswith("opencensus")] == []


@pytest.mark.parametrize("module", [name for name in DEPLOYED if name != "shared.wiring"])
def test_the_environment_is_read_in_the_wiring_alone(module):
    assert not {"os", "dotenv"} & {name.partition(".")[0] for name in imports(DEPLOYED[module])}


@pytest.mark.parametrize("module", [*DEPLOYED])
def test_nothing_branches_on_an_apis_name(module):
    """What differs between APIs is data of theirs."""
    assert [ast.unparse(node) for node in ast.walk(DEPLOYED[module]) if compares_an_api(node)] == []


def compares_an_api(node):
    match node:
        case ast.Compare(left=left, ops=ops, comparators=others):
            by_value = any(isinstance(operator, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for operator in ops)
            return by_value and any(map(names_an_api, [left, *others]))
        case ast.Match(subject=subject):
            return names_an_api(subject)
    return False


def names_an_api(node):
    match node:
        case ast.Name(id="api") | ast.Attribute(attr="api") | ast.Attribute(value=ast.Name(id="api"), attr="name"):
            return True
        case ast.Constant(value=str() as text):
            return text in APIS
    return False


@pytest.mark.parametrize(
    "name", ["local", "tests", "docs", "infra", "itwin_job_watch", ".venv", ".local", "local.settings.json"]
)
def test_what_is_for_laptops_and_readers_is_not_deployed(name):
    assert name in (ROOT / ".funcignore").read_text().splitlines()


@pytest.mark.parametrize(
    "name",
    ["shared", "functions", "function_app.py", "host.json", "requirements.txt", "*", "*.py", "*.html", "page.html"],
)
def test_what_the_app_consists_of_is_deployed(name):
    assert name not in (ROOT / ".funcignore").read_text().splitlines()
