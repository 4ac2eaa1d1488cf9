"""The deployed package: the files that `func azure functionapp publish` packs, without those that .funcignore excludes.

Core Tools read .funcignore as git reads .gitignore, and always exclude some files
(https://github.com/Azure/azure-functions-core-tools: `FileSystemHelpers.GetLocalFiles`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

from local.setup.bootstrap import ROOT

LEFT_OUT = (".git/", ".vscode/", ".funcignore", ".gitignore", "local.settings.json", "project.lock.json")


def build(target: Path, source: Path = ROOT) -> None:
    """Copy the deployed files."""
    for path in files(source):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / path, target / path)


def files(source: Path = ROOT) -> Iterator[Path]:
    """List the deployed files, relative to the directory."""
    lines = (source / ".funcignore").read_text(encoding="utf-8").splitlines()
    ignored = GitIgnoreSpec.from_lines([*lines, *LEFT_OUT])
    yield from _walk(source, Path(), ignored)


def _walk(source: Path, below: Path, ignored: GitIgnoreSpec) -> Iterator[Path]:
    for path in sorted((source / below).iterdir()):
        relative = below / path.name
        if ignored.match_file(f"{relative.as_posix()}/" if path.is_dir() else relative.as_posix()):
            continue
        if path.is_dir():
            yield from _walk(source, relative, ignored)
        else:
            yield relative
