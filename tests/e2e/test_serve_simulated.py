"""`python3 -m local serve`, and the lines that it prints, typed in their order."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from local.setup.bootstrap import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="lines of a POSIX shell")]

STARTED_WITHIN, ENDED_WITHIN = 120, 180


@pytest.fixture
def env(tmp_path):
    """Without what else runs on this machine."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ITWIN_")}
    return ours | {"XDG_DATA_HOME": str(tmp_path)}


@pytest.fixture
def printed(tmp_path, env):
    out = tmp_path / "out"
    with out.open("wb") as file:
        serve = subprocess.Popen(
            [sys.executable, "-m", "local", "serve"], cwd=ROOT, env=env, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        give_up = time.monotonic() + STARTED_WITHIN
        while "Ctrl-C stops everything" not in out.read_text():
            assert serve.poll() is None, out.read_text()
            assert time.monotonic() < give_up, out.read_text()
            time.sleep(0.2)
        yield out.read_text()
        serve.send_signal(signal.SIGINT)
        assert serve.wait(30) == 0
    finally:
        serve.kill()


def test_its_lines_work_in_the_order_printed(printed, env):
    lines = printed.replace("\\\n", "")  # a line may go on
    commands = re.findall(r"^  (.*)$", lines, re.MULTILINE)
    assert len(commands) == 8
    script = "\n".join(["python3() { " + f"'{sys.executable}'" + ' "$@"; }', "set -e", *commands])

    done = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=ENDED_WITHIN,
        check=False,
    )

    shown = done.stdout + done.stderr
    assert done.returncode == 0, shown
    assert re.search(r"\b[1-9]0 %", shown), shown  # a job that tells how far it is
    assert shown.count("succeeded") >= 2
    assert '"stopped"' in shown
    assert "WatchFinished" in shown
