"""The jobs of ``python3 -m local run``: how each goes at the simulated platform, and how its watch should end.

Delays are a tenth of the real ones (`SETTINGS`), so that everything ends within a minute.  Retry-After is not scaled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from local.trials.scenario import (
    administration,
    changes,
    imodels,
    insights,
    reality,
    runs,
    schedules_and_library,
)
from local.trials.scenario.administration import access_control
from local.trials.scenario.insights import logs, reporting
from local.trials.scenario.job import Answer, Job, Start
from local.trials.scenario.reality import details, reality_analysis
from local.trials.scenario.runs import synchronization
from local.trials.scenario.schedules_and_library import schedules

SETTINGS = {"WAIT_SCALE": "0.1"}

#: As a person reads them.
GROUPS: Mapping[str, Sequence[Job]] = {
    "Administration": administration.JOBS,
    "Reality": reality.JOBS,
    "Insights": insights.JOBS,
    "iModels": imodels.JOBS,
    "Synchronization and Export": runs.JOBS,
    "Changed Elements and Transformations": changes.JOBS,
    "Schedules and Library": schedules_and_library.JOBS,
}

JOBS: Sequence[Job] = [job for jobs in GROUPS.values() for job in jobs]

#: Those whose every response is written out.
SCRIPTED: Sequence[Job] = [job for job in JOBS if job.script]

__all__ = [
    "GROUPS",
    "JOBS",
    "SCRIPTED",
    "SETTINGS",
    "Answer",
    "Job",
    "Start",
    "access_control",
    "details",
    "logs",
    "reality_analysis",
    "reporting",
    "schedules",
    "synchronization",
]
