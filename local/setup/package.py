"""The deployed package: the files that .funcignore leaves to `func azure functionapp publish` and to `azd deploy`.

Each program reads that file in its own way, and leaves some files behind whatever it says.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from local.setup.bootstrap import ROOT, STATE

#: A program's answer, for a path relative to the directory, and whether that is a directory: does it come along?
Chooses = Callable[[Path, bool], bool]


def build(target: Path, source: Path = ROOT) -> None:
    """Copy what `func` packs."""
    for path in packed_by_func(source):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / path, target / path)


def packed_by_func(source: Path = ROOT) -> list[Path]:
    """List what `func azure functionapp publish` packs, relative to the directory.

    Azure/azure-functions-core-tools, src/Cli/func/Common: `FileSystemHelpers.GetLocalFiles`, `GitIgnoreParser`.
    """
    lines = _lines(source)
    denied = _anchored(line for line in lines if not line.startswith("!"))
    accepted = _anchored(line[1:] for line in lines if line.startswith("!"))
    folders = {".git", ".vscode"}
    names = {".funcignore", ".gitignore", "local.settings.json", "project.lock.json"}

    def chosen(path: Path, is_folder: bool) -> bool:  # noqa: FBT001 -- as in `Chooses`
        if path.name.lower() in (folders if is_folder else names):
            return False
        return is_folder or bool(accepted.match(path.as_posix()) or not denied.match(path.as_posix()))

    return list(_walk(source, Path(), chosen))


def packed_by_azd(source: Path = ROOT) -> list[Path]:
    """List what `azd deploy` packs, relative to the directory.

    Azure/azure-dev, cli/azd/pkg/project/project_utils.go: `createDeployableZip`; denormal/go-gitignore, pattern.go.
    """
    lines = _lines(source)

    def chosen(path: Path, is_folder: bool) -> bool:  # noqa: FBT001 -- as in `Chooses`
        if path.name == ".azure" if is_folder else path.name in {".funcignore", "local.settings.json"}:
            return False
        deciding = [line for line in lines if _is_matched(line.removeprefix("!"), path, is_folder=is_folder)]
        return not deciding or deciding[-1].startswith("!")

    return list(_walk(source, Path(), chosen))


def _lines(source: Path) -> list[str]:
    lines = map(str.strip, (source / ".funcignore").read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _walk(source: Path, below: Path, chosen: Chooses) -> Iterator[Path]:
    for path in sorted((source / below).iterdir()):
        if path == STATE:  # large, and changes meanwhile; the tests hold that one elsewhere is left behind
            continue
        relative, is_folder = below / path.name, path.is_dir()
        if chosen(relative, is_folder):
            yield from _walk(source, relative, chosen) if is_folder else [relative]


def _anchored(patterns: Iterator[str]) -> re.Pattern[str]:
    """Return the expression that Core Tools make of patterns: it matches from the beginning, not to the end."""
    escaped = (re.sub(r"[-\[\]/{}()+?.\\^$|]", r"\\\g<0>", pattern.removeprefix("/")) for pattern in patterns)
    parts = [part.replace("**", "(.+)").replace("*", "([^/]+)") for part in escaped]
    return re.compile(rf"(({')|('.join(parts)}))\b" if parts else "$^", re.ASCII)


def _is_matched(pattern: str, path: Path, *, is_folder: bool) -> bool:
    """As git does it: a pattern without a slash, but at its end, is for names; others are for paths."""
    if pattern.endswith("/") and not is_folder:
        return False
    parts = pattern.rstrip("/").split("/")
    if len(parts) == 1 and parts[0] != "**":
        return fnmatchcase(path.name, parts[0])
    return _fits(path.parts, [part for part in parts if part])


def _fits(names: Sequence[str], patterns: Sequence[str]) -> bool:
    if not patterns:
        return not names
    if patterns[0] == "**":
        return _fits(names, patterns[1:]) or (bool(names) and _fits(names[1:], patterns))
    return bool(names) and fnmatchcase(names[0], patterns[0]) and _fits(names[1:], patterns[1:])
