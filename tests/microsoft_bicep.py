"""Microsoft's compiler of Bicep: builds and formats the template, and predicts what it would deploy.

`bicep snapshot` evaluates the template with a parameter file: loops unrolled, conditions decided.  What Azure alone
knows stays an expression.  https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-cli#snapshot
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
BESIDE = ROOT.parent / "shared/tools/bicep/bicep"
BICEP = os.environ.get("BICEP") or shutil.which("bicep") or (str(BESIDE) if BESIDE.exists() else None)

needs_compiler = pytest.mark.skipif(
    not BICEP, reason="needs Microsoft's compiler: name it by BICEP, or have bicep on the PATH"
)


def bicep(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call the compiler, with the one value that the parameter file needs, and others."""
    assert BICEP
    return subprocess.run(
        [BICEP, *arguments],
        env={**os.environ, "ITWIN_CLIENT_ID": "service-1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass(frozen=True)
class Snapshot:
    """What would be deployed, with the names' first parts left out: these are expressions."""

    resources: list[dict[str, Any]]
    diagnostics: list[Any]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Give the resources of a type, by the last part of their names."""
        return {last_part(found["name"]): found for found in self.resources if found["type"] == kind}

    def only(self, kind: str) -> dict[str, Any]:
        """Give the properties of the one resource of a type."""
        (found,) = self.of_type(kind).values()
        properties: dict[str, Any] = found["properties"]
        return properties

    @property
    def settings(self) -> dict[str, str]:
        """The application settings."""
        found: dict[str, str] = self.of_type("Microsoft.Web/sites/config")["appsettings"]["properties"]
        return found


def last_part(name: str) -> str:
    """Give the end of a resource's name.

    >>> last_part("[format('{0}/{1}', uniqueString('x'), 'appsettings')]")
    'appsettings'
    """
    return re.split(r"[/']", name.removesuffix("')]"))[-1]


def snapshot(folder: Path, parameters: str, **environment: str) -> Snapshot:
    """Predict a deployment, of a copy, since the answer is written beside the parameter file; raises ValueError."""
    infra = folder / "infra"
    shutil.copytree(ROOT / "infra", infra, dirs_exist_ok=True)
    file = infra / "main.bicepparam"
    file.write_text((ROOT / "infra/main.bicepparam").read_text() + parameters)
    done = bicep("snapshot", file, "--mode", "overwrite", **environment)
    if done.returncode:
        raise ValueError(done.stderr)
    written = json.loads((infra / "main.snapshot.json").read_text())
    return Snapshot(written["predictedResources"], written["diagnostics"])
