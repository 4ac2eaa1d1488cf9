"""Writes the names of the APIs for the command line, which has none of the app's code, and may have no app to ask."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from local.setup.bootstrap import ROOT
from shared.apis import APIS

MODULE = ROOT / "itwin_job_watch" / "api_names.py"


def write() -> list[Path]:
    """Update the module; returns it if it changed."""
    text = module()
    if MODULE.exists() and MODULE.read_text(encoding="utf-8") == text:
        return []
    MODULE.write_text(text, encoding="utf-8")
    return [MODULE]


def module(names: Iterable[str] = tuple(APIS)) -> str:
    """Return what the module has to be."""
    lines = "".join(f'    "{name}",\n' for name in names)
    return (
        '"""The names of the APIs whose jobs can be watched; written by `python3 -m local docs`."""\n\n'
        f"API_NAMES = (\n{lines})\n"
    )
