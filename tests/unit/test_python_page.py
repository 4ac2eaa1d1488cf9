"""The blocks of Python in docs/python.md do what the package allows: mypy reads each."""

import subprocess
import sys
from pathlib import Path

from local.docs.azure_cli.find import blocks

ROOT = Path(__file__).parents[2]


def test_each_block_has_the_types_of_the_package(tmp_path):
    found = [code for language, code in blocks((ROOT / "docs/python.md").read_text("utf-8")) if language == "python"]
    assert found
    for number, code in enumerate(found):
        (tmp_path / f"block_{number}.py").write_text(code, "utf-8")

    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path / 'cache'}"]
    files = [str(path) for path in tmp_path.glob("*.py")]
    done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
