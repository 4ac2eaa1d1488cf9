"""What no linter knows of the layers: pure files are pure, and what differs between APIs is data."""

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

#: No I/O, no clock, no randomness: what they may import is in pyproject.toml (`tool.importlinter`).
PURE = [name for name in DEPLOYED if name.startswith(("shared.core", "shared.apis"))]

IMPURE_CALLS = {"now", "utcnow", "today", "fromtimestamp", "open", "__import__"}


def imports(tree):
    """Every module that is imported, wherever in the file."""
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


def called(tree):
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
                yield name


@pytest.mark.parametrize("module", PURE)
def test_a_pure_file_asks_no_clock_and_opens_nothing(module):
    assert IMPURE_CALLS.isdisjoint(called(DEPLOYED[module]))


@pytest.mark.parametrize("module", PURE)
def test_a_pure_file_has_no_colour(module):
    coloured = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)

    assert [node.lineno for node in ast.walk(DEPLOYED[module]) if isinstance(node, coloured)] == []


@pytest.mark.parametrize("module", [name for name in DEPLOYED if name != "shared.telemetry.exporter"])
def test_nothing_but_telemetry_knows_the_exporter(module):
    assert [name for name in imports(DEPLOYED[module]) if name.startswith("opencensus")] == []


@pytest.mark.parametrize("module", [name for name in DEPLOYED if name not in {"shared.wiring", "function_app"}])
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
