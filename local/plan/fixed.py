"""What a deployment costs whether there are watches or not: what is charged by the month, and the app's own rounds."""

from __future__ import annotations

from dataclasses import dataclass

from local.plan import prices
from local.plan.bill import idle
from local.plan.limits import INSTANCE_GB
from local.plan.workload import DAY

#: Of infra/modules/alerts.bicep: how many look so often, in minutes.
ALARMS = {5: 1, 15: 7}

#: Of infra/modules/network.bicep: each with a zone of names.
ENDPOINTS = 4

#: HTTP, poll_watch, revive_watch, send_callback, tend_watches; a further queue has its own of the second and third.
GROUPS, OF_A_FURTHER_QUEUE = 5, 2

#: Azure keeps so many of each group always ready where zones are asked for.
#: https://learn.microsoft.com/azure/reliability/reliability-functions
OF_EACH_GROUP_IN_ZONES = 2

MONTH = 365 / 12  #: days


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """The parameters of infra/main.bicep that cost something by themselves."""

    alarms: bool = True
    private: bool = False
    always_ready: int = 0  #: instances
    zone_redundant: bool = False
    ticket_queues: int = 1


def fixed(deployed: Deployed) -> dict[str, float]:
    """Give dollars a day, by what is charged."""
    groups = GROUPS + OF_A_FURTHER_QUEUE * (deployed.ticket_queues - 1)
    ready = max(deployed.always_ready, OF_EACH_GROUP_IN_ZONES * groups if deployed.zone_redundant else 0)
    endpoints = ENDPOINTS * (24 * prices.PRIVATE_ENDPOINT + prices.PRIVATE_ZONE / MONTH)
    return {
        "its own rounds": idle(deployed.ticket_queues).total,
        "alarms": sum(count * prices.ALARM[every] for every, count in ALARMS.items()) / MONTH * deployed.alarms,
        "private endpoints": endpoints * deployed.private,
        "always ready": ready * INSTANCE_GB * DAY * prices.READY_GB_SECOND,
    }
