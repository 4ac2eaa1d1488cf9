"""Rows for tests: each names what it is about, and the rest is here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.core.callback import Callback
from shared.core.model import Outcome, Watch

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_watch(**more: Any) -> Watch:
    """Build an open watch of a week, due since it began at noon."""
    began = more.get("started_at", NOON)
    fields: dict[str, Any] = {
        "id": "0d6c9f0e-5a55-5f0e-9d5c-0d6c9f0e5a55",
        "api": "reality-analysis",
        "job": {"jobId": "j"},
        "started_at": began,
        "deadline": began + timedelta(days=7),
        "due": began,
        "not_before": began,
    }
    return Watch(**{**fields, **more})


def a_callback(**more: Any) -> Callback:
    """Build a callback before its first attempt, which is due at noon."""
    fields: dict[str, Any] = {
        "id": "0d6c9f0e-5a55-5f0e-9d5c-0d6c9f0e5a55.20261120T110000000000Z",
        "watch_id": "0d6c9f0e-5a55-5f0e-9d5c-0d6c9f0e5a55",
        "api": "reality-analysis",
        "outcome": Outcome.SUCCEEDED,
        "url": "https://hooks.example.com/itwin",
        "body": '{"specversion": "1.0"}',
        "due": NOON,
        "give_up_at": NOON + timedelta(days=1),
    }
    return Callback(**{**fields, **more})
