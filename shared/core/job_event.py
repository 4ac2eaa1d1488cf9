"""Which iTwin webhook event tells that a job has ended, as data; and which jobs an event is about.  No I/O here.

https://developer.bentley.com/apis/webhooks-v2/available-events
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.core import untrusted


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """Where an event says which job has ended.  How, only the job's status says: most events do not."""

    types: tuple[str, ...]  #: values of `eventType`, such as "realityAnalysis.jobCompleted.v1"
    ids_at: Mapping[str, str]  #: field -> dotted path to it in the event, such as "content.jobId"

    def job(self, event: Any) -> Mapping[str, str] | None:
        """Return the ids of the job that an event is about; None if it is not of this kind, or lacks one."""
        kind = untrusted.at("eventType", event)
        if not isinstance(kind, str) or kind.casefold() not in map(str.casefold, self.types):
            return None
        ids = {field: untrusted.at(path, event) for field, path in self.ids_at.items()}
        return ids if _are_texts(ids.values()) else None


def _are_texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) and value.strip() for value in values)
