"""docs/cli.md is true: each of its commands can be given, and each status is one that is used."""

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from itwin_job_watch.cli import main
from itwin_job_watch.output import EXITS, INTERRUPTED, STILL_WATCHING
from tests.command_line import ENDED, run, script

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
STEPS = [step for kind, block in BLOCKS if kind == "yaml" for step in yaml.safe_load(block)]
SCRIPTS = [block for kind, block in BLOCKS if kind == "sh"] + [step.get("run") or step["script"] for step in STEPS]

#: What follows the name of the program, up to the end of its command.
COMMANDS = re.findall(
    r"(?<!['/=])itwin-job-watch (?!@)([^|`>\n]+)", "\n".join(SCRIPTS + re.findall(r"`[^`\n]+`", PAGE))
)


@pytest.mark.parametrize("command", [one.partition("  #")[0].strip() for one in COMMANDS])
def test_each_command_can_be_given(command):
    words = shlex.split(command.replace("…", ""))
    with click.Context(main) as ctx:
        name, found, rest = main.resolve_command(ctx, words)
        while isinstance(found, click.Group):
            name, found, rest = found.resolve_command(ctx, rest)

        assert found
        found.make_context(name, rest, parent=ctx)  # which reads options and arguments, and runs nothing


def test_both_pipelines_hand_over_an_answer_and_wait():
    assert len(STEPS) == 2
    for step in STEPS:
        (command,) = re.findall(r"itwin-job-watch (start .*)", step.get("run") or step["script"])
        done, (request, *_) = run(
            script({"results": [{"watch": ENDED}]}, ENDED),
            *shlex.split(command.replace("$", "")),
            input=b"HTTP/2 202 \r\nlocation: /library/jobs/1\r\n\r\n",
        )

        assert done.exit_code == 0
        assert b"/library/jobs/1" in request.content


def test_the_table_has_every_status():
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", PAGE, re.MULTILINE)
    said = {int(status): text for status, text in rows}

    assert [*said] == [0, 1, 2, STILL_WATCHING, *EXITS.values(), INTERRUPTED]
    for outcome, status in EXITS.items():
        assert outcome in said[status]
