"""The lines that `serve` prints work as they are printed, one after the other."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local.serve.simulated import _text
from local.setup.bootstrap import ROOT


def blocks(text):
    """The lines below each heading."""
    found = re.findall(r"^(\S[^\n]*):\n((?:  [^\n]*\n)+)", text, re.MULTILINE)
    return {heading: "\n".join(line.removeprefix("  ") for line in lines.splitlines()) for heading, lines in found}


@pytest.mark.slow
def test_each_works_where_it_stands(parts):
    """In a shell that has nothing but the app's name, which else stands in a file of the running `serve`."""
    variables = {"ITWIN_JOB_WATCH_URL": parts.url, "ITWIN_JOB_WATCH_KEY": parts.key}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ITWIN_")}
    answers = {
        heading: subprocess.run(
            ["/bin/bash", "-e", "-o", "pipefail", "-c", lines],
            cwd=ROOT,
            env={**kept, **variables, "PATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        for heading, lines in blocks(_text(parts)).items()
    }

    assert {heading: done.stderr for heading, done in answers.items() if done.returncode} == {}
    waited, handed_over, listed, over_http, events = answers.values()
    assert re.search(r"demo-1: \S+ [0-9]+ %\n", waited.stderr)
    assert waited.stdout.split("\t")[1:5:3] == ["reality-analysis", "succeeded"]
    assert handed_over.stdout.split("\t")[1:5:3] == ["export", "succeeded"]
    assert {waited.stdout.split("\t")[0], handed_over.stdout.split("\t")[0]} <= {
        line.split("\t")[0] for line in listed.stdout.splitlines()
    }
    started, shown, stopped = map(json.loads, re.sub(r"\}\s*\{", "}\n{", over_http.stdout).splitlines())
    assert started["id"] == shown["id"] == stopped["id"]
    assert [one["state"] for one in (started, shown, stopped)] == ["watching", "watching", "ended"]
    assert stopped["outcome"] == "stopped"
    assert json.loads(events.stdout)["events"]
