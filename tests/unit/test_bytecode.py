"""What `python3 -m local` starts need not compile anew what it imports."""

import os
import subprocess
import sys

import pytest

from local.setup.bootstrap import ROOT, STATE

SHOWN = """
import os, sys
from local.setup import bootstrap, groups
bootstrap.enter_environment(groups.WATCH)
print(sys.dont_write_bytecode, sys.pycache_prefix, *(os.environ.get(name) for name in sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("value", "shows"),
    [("", "False None None None"), ("1", f"False {STATE / 'bytecode'} None {STATE / 'bytecode'}")],
    ids=["as usual", "where nothing may be written beside the sources"],
)
def test_bytecode_is_cached(value, shows):
    env = {name: what for name, what in os.environ.items() if name != "PYTHONPYCACHEPREFIX"}
    names = ["PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"]
    command = [sys.executable, "-c", SHOWN, *names]

    done = subprocess.run(command, cwd=ROOT, env={**env, names[0]: value}, capture_output=True, text=True, check=True)

    assert done.stdout.rstrip("\n") == shows
