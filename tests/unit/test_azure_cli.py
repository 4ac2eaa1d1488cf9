"""`python3 -m local check --az` finds each command of az that somebody is told to run, as az would get it."""

import io
import os
import re
from pathlib import Path

import pytest
from rich.console import Console

from local.docs.azure_cli import check
from local.docs.azure_cli.check import wrong_with
from local.docs.azure_cli.find import everywhere, in_page, in_powershell, in_shell, in_workflow
from tests.standins import StandIns

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        ("az login", [["login"]]),
        ("az group create --name 'a b' \\\n  -l x # and more", [["group", "create", "--name", "a b", "-l", "x"]]),
        ('az a --b "$(az c --d "$E")/f?g=h"', [["a", "--b", "something/f?g=h"], ["c", "--d", "something"]]),
        ("az a --b $C && az d > /dev/null || az e | jq .", [["a", "--b", "something"], ["d"], ["e"]]),
        ('f() { az a --b "x.$1.y" -o tsv; }', [["a", "--b", "x.something.y", "-o", "tsv"]]),
        ("export A=b C=$(az d --e f)", [["d", "--e", "f"]]),
        ("az a --b <object id> --c <x>", [["a", "--b", "something", "--c", "something"]]),
        ("printf '%s' \"$X\" | az a --file /dev/stdin", [["a", "--file", "/dev/stdin"]]),
        ("az a --query '[].name' --b \"it's\"", [["a", "--query", "[].name", "--b", "it's"]]),
        ("azd up; echo az login; # az nothing", []),
    ],
)  # fmt: skip
def test_commands_of_a_script(script, commands):
    assert list(in_shell(script)) == commands


def test_commands_of_a_page():
    page = "`az a`, ``b``\n\n```sh\naz c --d e\n```\n\n```python\naz = f\n```\nThe `az` itself, and `X=$(az g)`.\n"

    assert [*in_page(page)] == [["c", "--d", "e"], ["a"], [], ["g"]]


def test_commands_of_powershell():
    script = "if ($x) { $y = az a b --c $env:D }\n  az e --f `\n      --g $h\n# az nothing\nGet-Command az -X\n"

    assert [command[:2] for command in in_powershell(script)] == [["a", "b"], ["e", "--f"]]


def test_commands_of_a_workflow():
    flow = (
        "jobs:\n  a:\n    steps:\n      - uses: x\n      - run: |\n          az b --c ${{ vars.D }}\n          az e\n"
    )

    assert list(in_workflow(flow)) == [["b", "--c", "something"], ["e"]]


def test_all_that_is_told_is_found():
    """Each line of the docs that begins with `az`."""
    found = [(str(path), command[0]) for path, command in everywhere()]

    for page in ("README.md", "docs/deploy.md", "docs/rate-limits.md"):
        begun = re.findall(r"^az ([\w-]+)", (ROOT / page).read_text(), re.MULTILINE)
        assert begun
        for group in begun:
            assert found.count((page, group)) >= begun.count(group)
    assert {path.split("/")[0] for path, _ in found} >= {"README.md", "docs", "infra"}


@pytest.mark.skipif(os.name == "nt", reason="stand-ins are scripts")
@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        ((77, ""), ""),
        ((2, "ERROR: unrecognized arguments: --nope\nExamples"), "ERROR: unrecognized arguments: --nope"),
        ((0, ""), "it did not come to be parsed"),
    ],
)
def test_what_is_parsed_is_right(answer, wrong, tmp_path):
    """No azure-cli is installed here; the check itself has the real one."""
    standins = StandIns(tmp_path, "python")
    standins.answer({"python": [answer]})

    assert wrong_with(["group", "create"], tmp_path / "python") == wrong


@pytest.mark.skipif(os.name == "nt", reason="stand-ins are scripts")
@pytest.mark.parametrize(
    ("answers", "status", "says"),
    [
        ([(77, "")], 0, "2 commands of az, 0 of them wrong."),
        ([(77, ""), (2, "ERROR: unrecognized arguments: --nope")], 1, "a.md: az d --nope\n  ERROR: unrecognized"),
    ],
)
def test_the_check_says_where_each_wrong_command_is(answers, status, says, tmp_path, monkeypatch):
    standins = StandIns(tmp_path, "python")
    standins.answer({"python": answers})
    monkeypatch.setattr(check, "environment_apart", lambda *_: tmp_path / "python")
    monkeypatch.setattr(check, "everywhere", lambda: [(Path("a.md"), ["b"]), (Path("a.md"), ["d", "--nope"])])

    printed = io.StringIO()
    returned = check.check_all(Console(file=printed, width=200))

    assert returned == status
    assert says in printed.getvalue()
