"""Why a job did not end cleanly: where an API says so, as data, and how to read it.  No I/O here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.core import untrusted
from shared.core.untrusted import tidy

#: Characters kept of one entry.
LONGEST_ENTRY = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where an API says why: in the status itself, or in a document of its own, page by page."""

    at: tuple[str, ...]  #: dotted paths to a text, or to a list of entries
    path: str = ""  #: of the document, with the job's `{fields}`; "" when the status itself says why
    link_at: str = ""  #: dotted path, in the status, to a link that goes before `path`
    next_at: str = ""  #: dotted path, in the document, to the link to its next page
    says: tuple[str, ...] = ()  #: the members of an entry to be read; none for the iTwin envelope `{code, message}`
    issue: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    #: an entry counts when one of these members has one of these values; none: all count


def entries(evidence: Evidence, body: Any) -> tuple[str, ...]:
    """Read the entries of one body or page: one line each, bounded, in their order."""
    found = (entry for path in evidence.at for entry in _listed(untrusted.at(path, body)))
    texts = (tidy(_say(evidence, entry), LONGEST_ENTRY) for entry in found if _counts(evidence, entry))
    return tuple(filter(None, texts))


def _listed(value: Any) -> Iterator[Any]:
    """A single text or entry is a list of one."""
    yield from value if isinstance(value, list) else [value]


def _counts(evidence: Evidence, entry: Any) -> bool:
    if not evidence.issue:
        return True
    return isinstance(entry, dict) and any(
        type(entry.get(member)) is type(value) and entry[member] == value  # 1 is not true here
        for member, values in evidence.issue.items()
        for value in values
    )


def _say(evidence: Evidence, entry: Any) -> str:
    if not evidence.says or not isinstance(entry, dict):
        return untrusted.text(entry)
    members = (entry.get(member) for member in evidence.says)
    return ": ".join(filter(None, map(_member, members)))


def _member(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(filter(None, map(_member, value)))
    number = untrusted.number(value)
    return value if isinstance(value, str) else "" if number is None else f"{number:g}"
