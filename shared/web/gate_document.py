"""The pace of each API, as `GET /api/gates` shows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from shared.core.rate_limit import Pace, Reason


class GateDocument(BaseModel):
    """At what rate an API is asked, and why."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    api: str
    per_minute: float | None = Field(
        description="requests a minute at most, of all watches together; null: as often as their schedules say"
    )
    reason: Reason = Field(description="`schedules`: no limit is known; `budget`: a setting; `429`: as refused")
    since: datetime | None = Field(description="when the platform showed that limit")
    shut_until: datetime | None = Field(description="no request is made before then; null: the gate is open")


class GatesDocument(BaseModel):
    """The pace of all APIs."""

    gates: list[GateDocument]

    @classmethod
    def of(cls, paces: Mapping[str, Pace]) -> GatesDocument:
        """Show the pace of each API."""
        return cls(
            gates=[
                GateDocument(
                    api=api,
                    per_minute=None if pace.per_minute is None else round(pace.per_minute, 1),
                    reason=pace.reason,
                    since=pace.since,
                    shut_until=pace.shut_until,
                )
                for api, pace in paces.items()
            ]
        )
