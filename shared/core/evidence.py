"""Why a job did not end cleanly: where an API says so, as data, and how to read it.  No I/O here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.core import untrusted
from shared.core.untrusted import tidy

#: Characters kept of one entry.
LONGEST_ENTRY = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where an API says why: in the status itself, or in a document of its own, page by page."""

    at: tuple[str, ...]  #: dotted paths to a text or to entries, also through lists: "jobs.tasks" are those of all jobs
    path: str = ""  #: of the document, with the job's `{fields}`; "" when the status itself says why
    link_at: str = ""  #: dotted path, in the status, to a link that goes before `path`
    next_at: str = ""  #: dotted path, in the document, to the link to its next page
    says: tuple[str, ...] = ()  #: dotted paths in an entry, to be read; none for the iTwin envelope `{code, message}`
    params_at: str = ""  #: dotted path in an entry, to the list of what its texts call %1, %2 and so on
    issue: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    #: an entry counts when one of these members has one of these values; none: all count


def entries(evidence: Evidence, body: Any) -> tuple[str, ...]:
    """Read the entries of one body or page: one line each, bounded, in their order."""
    found = (entry for path in evidence.at for entry in untrusted.each_at(path, body))
    texts = (tidy(_say(evidence, entry), LONGEST_ENTRY) for entry in found if _counts(evidence, entry))
    return tuple(filter(None, texts))


def _counts(evidence: Evidence, entry: Any) -> bool:
    if not evidence.issue:
        return True
    return any(
        _is_same(found, value)
        for member, values in evidence.issue.items()
        for found in untrusted.each_at(member, entry)
        for value in values
    )


def _is_same(found: Any, value: object) -> bool:
    """Compare as a status word is: without regard to letter case; and 1 is not true here."""
    if isinstance(found, str) and isinstance(value, str):
        return found.strip().casefold() == value.casefold()
    return type(found) is type(value) and found == value


def _say(evidence: Evidence, entry: Any) -> str:
    if not evidence.says or not isinstance(entry, dict):
        return untrusted.text(entry)
    said = ": ".join(filter(None, (_member(untrusted.each_at(member, entry)) for member in evidence.says)))
    return _filled_in(said, untrusted.each_at(evidence.params_at, entry)) if evidence.params_at else said


def _filled_in(text: str, params: list[Any]) -> str:
    """Write the parameters where a text names them; both are cut first, since each may be named often.

    >>> _filled_in("Tile %1 needs %2 GB, not %3.", [17, "64"])
    'Tile 17 needs 64 GB, not %3.'
    """
    given = {f"%{number}": tidy(_member(param), LONGEST_ENTRY) for number, param in enumerate(params, 1)}
    return re.sub(r"%[1-9][0-9]?", lambda name: given.get(name[0]) or name[0], tidy(text, LONGEST_ENTRY))


def _member(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(filter(None, map(_member, value)))
    number = untrusted.number(value)
    return value if isinstance(value, str) else "" if number is None else f"{number:g}"
