"""The fields that an API has besides the compulsory ones, as its file writes them: for one that is like it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeGuard

from local.api.plan import Plan, UnfitError
from shared.core import paths
from shared.core.remote import RemoteApi

#: What each API says for itself.
OWN = {"name", "path", "other_paths", "reserved", "guids", "headers", "status_at", "vocabulary", "results", "event"}


@dataclass(frozen=True, slots=True)
class Borrowed:
    """What a new file takes over, in Python text."""

    fields: dict[str, str]
    imports: list[str]


def borrow(plan: Plan, like: RemoteApi, source: str) -> Borrowed:
    """Take over the further fields of an API, with the ids and the outermost member that the new one has.

    Raises UnfitError if the file says its API by another's.
    """
    calls = [node for node in ast.walk(ast.parse(source)) if _makes_an_api(node)]
    if not calls:
        raise UnfitError(f"--like {like.name}: its file is a copy of another API's; name that one")
    ids = dict(zip(like.fields, paths.fields(plan.path), strict=False))
    renamed = {f'"{like.status_at.partition(".")[0]}.': f'"{plan.status_at.partition(".")[0]}.'}
    renamed |= {
        f"{left}{old}{right}": f"{left}{new}{right}" for old, new in ids.items() for left, right in ('""', "{}")
    }
    texts = {word.arg: ast.get_source_segment(source, word.value) for word in calls[0].keywords}
    fields = {name: _with(renamed, text) for name, text in texts.items() if name and text and name not in OWN}
    if len(like.fields) != len(paths.fields(plan.path)):
        fields.pop("ids_at", None)  # one place for each id, or none
    return Borrowed(fields, [*_imports(source, fields.values())])


def _with(renamed: dict[str, str], text: str) -> str:
    for old, new in renamed.items():
        text = text.replace(old, new)
    return text


def _imports(source: str, texts: Iterable[str]) -> Iterator[str]:
    used = {node.id for text in texts for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            yield from (f"import {alias.name}" for alias in node.names if alias.name in used)
        if isinstance(node, ast.ImportFrom):
            yield from (f"from {node.module} import {alias.name}" for alias in node.names if alias.name in used)


def _makes_an_api(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == RemoteApi.__name__
