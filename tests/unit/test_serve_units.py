"""The units of systemd: they parse, they start what there is, and they hold no secret."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from local.serve import command, real
from local.serve.credentials import RefusedError
from local.setup.bootstrap import ROOT

ANALYZE = shutil.which("systemd-analyze")
UNITS = {"--system": "itwin-job-watch.service", "--user": "user/itwin-job-watch.service"}


def read(name):
    unit = configparser.RawConfigParser(strict=True)  # strict: nothing is said twice
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "local/serve/units" / name)
    return unit["Service"]


@pytest.mark.parametrize("name", UNITS.values())
def test_the_command_is_one_that_serve_takes(name, monkeypatch):
    taken: list[real.Options] = []
    monkeypatch.setattr(real, "serve", taken.append)
    monkeypatch.setattr(command, "enter_environment", lambda *_, **__: None)
    python, *module, verb = shlex.split(read(name)["ExecStart"])[:4]
    arguments = shlex.split(read(name)["ExecStart"])[4:]

    assert (python, module, verb) == ("/usr/bin/python3", ["-m", "local"], "serve")
    result = CliRunner().invoke(command.serve, arguments)

    assert result.exit_code == 0, result.output
    assert [options.platform for options in taken] == ["https://api.bentley.com"]


@pytest.mark.parametrize("name", UNITS.values())
def test_the_secret_comes_from_a_file_and_a_refused_one_is_not_tried_again(name):
    unit = read(name)

    assert re.match(r"ITWIN_CLIENT_SECRET_FILE=(%d|%h/\.config/itwin-job-watch)/client-secret", unit["Environment"])
    assert unit["Restart"] == "always"
    assert str(RefusedError.exit_code) in unit["RestartPreventExitStatus"].split()


@pytest.mark.skipif(
    ANALYZE is None or not Path("/usr/bin/python3").exists(), reason="no systemd, or another place for Python"
)
@pytest.mark.parametrize(("scope", "name"), UNITS.items())
def test_systemd_reads_them(scope, name, tmp_path):
    done = subprocess.run(
        [str(ANALYZE), "verify", scope, ROOT / "local/serve/units" / name],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", UNITS.values())
def test_the_docs_copy_them(name):
    assert f"local/serve/units/{name}" in (ROOT / "docs/local.md").read_text()
