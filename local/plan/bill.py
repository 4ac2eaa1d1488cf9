"""From what was counted to requests and dollars, a day each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from local.plan import prices
from local.plan.engine import Flown
from local.plan.limits import INSTANCE_GB, LEAST_ACTIVE_SECONDS
from local.plan.meter import answering, metered
from local.plan.tally import apis_in_use, in_flight, tickets
from local.plan.workload import DAY
from shared.apis import APIS
from shared.engine.gate import BETWEEN_READS

#: Requests of a start (index, row; ticket), of a turn that goes on (load, commit; ticket, deletion), of one that ends
#: the watch (load, commit, both lists, result, published; deletion).
START_TABLE, START_QUEUE = 2, 1
TURN_TABLE, TURN_QUEUE = 2, 2
END_TABLE, END_QUEUE = 6, 1

#: Of an ended watch once its retention is over: its row, and its entry in the list of ended ones.
GONE_TABLE = 2

#: Requests of a wake-up, beside the loads of its event (commit; ticket), and of the ticket that it fences off (load;
#: deletion).
WAKE_TABLE, WAKE_QUEUE = 1, 1
STALE_TABLE, STALE_QUEUE = 1, 1

#: `tend_watches`: rounds a day; scans of all rows in each, one to count and one to tend (docs/reliability.md); requests
#: of a scan.  Each also compares the lists: two queries for each API, and some five requests more.
ROUNDS, SCANS, PARTITIONS, PAGE = 288, 2, 256, 1000
LISTS = 2 * len(APIS) + 5

#: Looks of the scale controller at each queue that has a trigger, a day: "polls every 10 seconds", which nobody can set
#: (https://github.com/Azure/azure-functions-durable-extension/issues/391, said of other plans).  Where there are
#: tickets, sleeping ones too, it looks once more, whether one is visible.  Triggers of each queue of tickets: its own
#: and that of its poison; and one for callbacks.
SCALER_LOOKS, OF_EACH_QUEUE, OF_CALLBACKS = DAY / 10, 2, 1

#: How long rows of ended watches stay, in days: WATCH_RETENTION_DAYS.
RETENTION = 30

#: GB that Application Insights takes in, as Microsoft's host 4.1037.0 sent them on 2026-11-26 (docs/benchmarks.md): a
#: line of `start_watch`, one of `poll_watch`, the event `WatchFinished`.  What went well sends nothing else
#: (host.json).  The event has some 85 bytes more since, for `eventId` and `restarts`.  Not counted: what the diagnostic
#: setting `hostLogs` of infra/modules/app.bicep may repeat of the lines.
START_LINE_GB, LINE_GB, FINISHED_GB = 847e-9, 782e-9, 1031e-9

#: The same for an event that counts the watches of an API: about 730 bytes in the exporter's envelope.  A round sends
#: one for each API with open watches, and one if there is none (shared/engine/tender.py).
COUNT_GB = 730e-9

#: And for `EventReceived`, which is all that is sent of an event of the platform (host.json).
RECEIVED_GB = 797e-9


@dataclass(frozen=True, slots=True)
class Bill:
    """What a day takes on average, and costs."""

    executions: float
    gb_seconds: float
    queue_requests: float
    table_requests: float
    ingested_gb: float
    scaler_requests: float  #: to queues

    @property
    def dollars(self) -> dict[str, float]:
        """By meter."""
        return {
            "executions": self.executions * prices.EXECUTION,
            "memory": self.gb_seconds * prices.GB_SECOND,
            "queue": self.queue_requests * prices.QUEUE_REQUEST,
            "scaler": self.scaler_requests * prices.QUEUE_REQUEST,
            "tables": self.table_requests * prices.TABLE_REQUEST,
            "telemetry": self.ingested_gb * prices.INGESTED_GB,
        }

    @property
    def total(self) -> float:
        """Dollars."""
        return sum(self.dollars.values())


def requests(flown: Flown) -> tuple[float, float]:
    """Count the requests to tables and to queues, looks not among them, that all the watches of a plan take."""
    starts, turns, ends = _counts(flown)
    told_tables, told_queues = _of_events(flown)
    return (
        starts * START_TABLE + turns * TURN_TABLE + ends * (END_TABLE - TURN_TABLE) + told_tables,
        starts * START_QUEUE + turns * TURN_QUEUE + ends * (END_QUEUE - TURN_QUEUE) + told_queues,
    )


def _of_events(flown: Flown) -> tuple[float, float]:
    weight, woken, stale = flown.world.weight, len(flown.woken), len(flown.stale)
    tables = flown.loads + woken * WAKE_TABLE + stale * STALE_TABLE
    return tables * weight, (woken * WAKE_QUEUE + stale * STALE_QUEUE) * weight


def _counts(flown: Flown) -> tuple[float, float, float]:
    """Starts, turns and ends, also of the watches that a sample stands for."""
    weight, ends = flown.world.weight, np.count_nonzero(~np.isnan(flown.ended_at))
    return flown.starts * weight, len(flown.turns) * weight, ends * weight


def telemetry(flown: Flown) -> float:
    """Sum up the GB of the lines on starts, changes, faults and ends, and of `WatchFinished` and `EventReceived`."""
    starts, _, ends = _counts(flown)
    between = (flown.moved + flown.faulted) * flown.world.weight
    received = len(flown.events) * flown.world.weight * RECEIVED_GB
    return starts * START_LINE_GB + (between + ends) * LINE_GB + ends * FINISHED_GB + received


def bill(flown: Flown) -> Bill:
    """Charge a plan, with what the app does whether there are watches or not."""
    days, (active_seconds, looks) = flown.world.days, metered(flown)
    active_seconds += answering(flown)
    (starts, _, ends), (tables, queues) = _counts(flown), requests(flown)
    delivered = (len(flown.delivered) + len(flown.events)) * flown.world.weight
    rows = starts / days * RETENTION + in_flight(flown).mean
    tending = ROUNDS * (SCANS * max(PARTITIONS, rows / PAGE) + LISTS)
    gates = DAY / BETWEEN_READS.total_seconds()
    nothing, busy = idle(flown.world.ticket_queues), float((tickets(flown).each > 0).mean())
    told = float(np.maximum(apis_in_use(flown), 1).mean())
    return Bill(
        executions=(starts + delivered) / days + nothing.executions,
        gb_seconds=active_seconds / days * INSTANCE_GB + nothing.gb_seconds,
        queue_requests=(queues + looks) / days,
        table_requests=(tables + ends * GONE_TABLE) / days + tending + gates,
        ingested_gb=telemetry(flown) / days + ROUNDS * told * COUNT_GB,
        scaler_requests=nothing.scaler_requests + SCALER_LOOKS * busy * flown.world.ticket_queues,
    )


def idle(ticket_queues: int = 1) -> Bill:
    """Charge a day without a watch."""
    return Bill(
        executions=ROUNDS,
        gb_seconds=ROUNDS * LEAST_ACTIVE_SECONDS * INSTANCE_GB,
        queue_requests=0,
        table_requests=ROUNDS * (SCANS * PARTITIONS + LISTS),
        ingested_gb=ROUNDS * COUNT_GB,
        scaler_requests=SCALER_LOOKS * (OF_EACH_QUEUE * ticket_queues + OF_CALLBACKS),
    )
