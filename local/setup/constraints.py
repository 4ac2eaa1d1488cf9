"""Renews ``constraints.txt``: the version of each package that runs in Azure, also of those that others bring along."""

from __future__ import annotations

import re
import subprocess

from local.setup.bootstrap import ROOT, environment_apart

WANTED, PINNED = ROOT / "requirements.txt", ROOT / "constraints.txt"

HEAD = """\
# The versions that run in Azure, and in the tests: a deployment of next month is the same program.
# `python3 -m local constraints` writes them anew: the newest that requirements.txt allows, for Python 3.11 and later.
"""


def renew() -> None:
    """Write the newest versions that are allowed.  Raises `CalledProcessError`, having shown why."""
    python = environment_apart("release", ROOT / "local" / "requirements" / "release.txt")
    ranges = re.sub(r"^-c .*\n", "", WANTED.read_text(encoding="utf-8"), flags=re.MULTILINE)
    compile_all = [*("-m", "uv", "pip", "compile", "-"), *("--universal", "--python-version", "3.11")]
    quietly = ["--no-annotate", "--no-header", "--quiet"]
    done = subprocess.run(
        [str(python), *compile_all, *quietly], input=ranges, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True
    )
    PINNED.write_text(HEAD + done.stdout, encoding="utf-8")
