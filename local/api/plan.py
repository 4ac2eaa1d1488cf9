"""What is known of an API before its page is read closely: the options of `python3 -m local api new`, checked."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.core import paths
from shared.core.model import Outcome
from shared.core.nearest import nearest
from shared.core.remote import RemoteApi

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
#: Without quotes and backslashes, here and below: it is written into Python files.
PATH = re.compile(r"(/([A-Za-z0-9._-]+|\{[a-z]+([A-Z][a-z]+)*\}))+(\?[^\s/?#\x22\x5c]+)?")
PLACE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
LONGEST_NAME = 24  #: the column of the table that `python3 -m local run` shows

#: Of a page's URL: https://developer.bentley.com/apis/imodels-v2/operations/...
PAGE = re.compile(r"https://([a-z]+-)?developer\.bentley\.com/apis/[^/\s]+?(-v(?P<version>\d+))?/[^\s\x22\x5c]+")

#: What a status word can mean.
MEANINGS = ("running", Outcome.SUCCEEDED, Outcome.PARTIAL, Outcome.FAILED, Outcome.CANCELLED)

#: What every API has a word for.
NEEDED = ("running", Outcome.SUCCEEDED, Outcome.FAILED)


class UnfitError(ValueError):
    """An API cannot be added like this; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One API to add."""

    name: str
    path: str
    status_at: str
    source: str  #: the URL of its page
    given: Mapping[str, str]  #: status word -> one of MEANINGS, as far as known
    ids: Sequence[str] = ()  #: of the page's example, in the order of the path
    like: str = ""  #: the API whose further fields are taken over, to be checked
    number: int | None = None  #: of the version, if the page's URL does not say it

    @property
    def module(self) -> str:
        """The name of its Python files."""
        return self.name.replace("-", "_")

    @property
    def constant(self) -> str:
        """The name of its values."""
        return self.module.upper()

    @property
    def version(self) -> int:
        """The version that is asked for."""
        said = PAGE.fullmatch(self.source)
        return self.number or int((said and said["version"]) or 1)

    @property
    def words(self) -> dict[str, str]:
        """The status words, with marks for those that no API is without."""
        lacking = [meaning for meaning in NEEDED if meaning not in self.given.values()]
        return {**self.given, **{f"TODO: {meaning}": meaning for meaning in lacking}}

    @property
    def job(self) -> dict[str, str]:
        """The ids of the page's example, as far as they are given."""
        fields = paths.fields(self.path)
        return dict.fromkeys(fields, "TODO") | dict(zip(fields, self.ids, strict=False))

    @property
    def guids(self) -> list[str]:
        """The ids that are GUIDs in the example."""
        return [name for name, given in self.job.items() if _is_guid(given)]


def check(plan: Plan, apis: Mapping[str, RemoteApi]) -> None:
    """Raise UnfitError if there cannot be such an API besides those that there are."""
    _check_name(plan, apis)
    _check_path(plan.path, apis)
    if not PLACE.fullmatch(plan.status_at):
        raise UnfitError(f"--status-at {plan.status_at}: write a dotted path, such as job.status")
    if not PAGE.fullmatch(plan.source):
        raise UnfitError(f"--source {plan.source}: give a page under https://developer.bentley.com/apis/")
    if len(plan.ids) > len(paths.fields(plan.path)):
        raise UnfitError(f"--id: the path has no more than {len(paths.fields(plan.path))}")
    if plan.like and plan.like not in apis:
        raise UnfitError(f"--like {plan.like}: there is no such API; most like it: {nearest(plan.like, apis)}")


def _check_name(plan: Plan, apis: Mapping[str, RemoteApi]) -> None:
    if not NAME.fullmatch(plan.name) or len(plan.name) > LONGEST_NAME:
        raise UnfitError(f"{plan.name}: write lower-case words with hyphens, at most {LONGEST_NAME} characters")
    if plan.name in apis:
        raise UnfitError(f"{plan.name} is there already: shared/apis/{plan.module}.py")
    if keyword.iskeyword(plan.module):
        raise UnfitError(f"{plan.name} cannot be the name of a Python file: add a word")


def _check_path(path: str, apis: Mapping[str, RemoteApi]) -> None:
    ids = paths.fields(path) if PATH.fullmatch(path) and "{" in path.partition("?")[0] else ()
    if not ids or len({*ids}) < len(ids):
        raise UnfitError(f"--path {path}: write it like /imodels/{{iModelId}}/operations/create, ids in camelCase")
    if taken := next((api for api in apis.values() if any(collide(path, one) for one in api.paths)), None):
        raise UnfitError(f"--path {path}: URLs of {taken.name} would fit it too, {' or '.join(taken.paths)}")


def collide(one: str, other: str) -> bool:
    """Whether some URL fits both templates.

    >>> collide("/exports/{exportId}", "/Exports/{jobId}")
    True
    >>> collide("/exports/{exportId}", "/exports/{exportId}/runs/{runId}")
    False
    """
    (first, _, query), (second, _, query_2) = one.partition("?"), other.partition("?")
    if first.count("/") != second.count("/") or bool(query) != bool(query_2):
        return False
    pairs = zip(first.split("/"), second.split("/"), strict=True)
    return all(a.lower() == b.lower() or a.startswith("{") or b.startswith("{") for a, b in pairs)


def _is_guid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
