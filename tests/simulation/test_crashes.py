"""Whatever is killed, repeated, lost or overlapped, a watch takes each step once, ends, and is announced as it ended.

What must hold at every moment stands in world.py; here is what may happen.
"""

from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.simulation.world import FAULTS, LEASE, RETENTION, World

MOST_WORKERS = 3

which = st.integers(0, 3)


class Watching(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.world = World()

    @initialize(callback=st.sampled_from(["", "https://hooks.example.com/"]))
    def someone_starts_a_watch(self, callback):
        self.world.callback = callback
        self.world.start().finish()

    # What people do

    @rule()
    @precondition(lambda self: self.has_room)
    def someone_starts_it_again(self):
        self.world.start()

    @rule(named=st.booleans())
    @precondition(lambda self: self.has_room)
    def someone_begins_it_again(self, named):
        self.world.restart("request" if named else "")
        if self.world.row and self.world.row.outcome and self.world.job in {"success", "failed"}:
            self.world.job = "active"

    @rule()
    @precondition(lambda self: self.has_room)
    def someone_stops_it(self):
        self.world.stop()

    # What the platform does

    @rule(event=st.sampled_from(["one", "other", "third"]))
    @precondition(lambda self: self.has_room)
    def an_event_comes(self, event):
        self.world.wake(event)

    # What the host does

    @rule(which=which)
    @precondition(lambda self: self.has_room and self.world.visible(self.world.tickets))
    def a_ticket_is_delivered(self, which):
        self.world.deliver(one(self.world.visible(self.world.tickets), which))

    @rule()
    @precondition(lambda self: self.has_room and self.world.tickets)
    def the_next_ticket_has_its_turn(self):
        self.world.wait_for_a_message()
        for message in self.world.visible(self.world.tickets):
            self.world.deliver(message).finish()

    @rule(which=which)
    @precondition(lambda self: self.has_room and self.world.visible(self.world.calls))
    def a_callback_has_its_try(self, which):
        self.world.call(one(self.world.visible(self.world.calls), which))

    @rule(which=which)
    @precondition(lambda self: self.world.calls)
    def a_callback_comes_late_or_again(self, which):
        message = one(self.world.calls, which)
        self.world.duplicates += 1
        self.world.calls.append(replace(message, id=f"{message.id}'", holder=None))
        message.visible_at += LEASE

    @rule(refusal=st.sampled_from(["", "HTTP 500"]))
    def the_receiver_answers_otherwise(self, refusal):
        self.world.refusal = refusal

    @rule(which=which)
    @precondition(lambda self: self.has_room and self.world.visible(self.world.poison))
    def a_poisoned_ticket_is_delivered(self, which):
        self.world.deliver_poisoned(one(self.world.visible(self.world.poison), which))

    @rule()
    @precondition(lambda self: self.has_room)
    def it_is_time_for_a_round(self):
        self.world.tend()

    @rule(which=which, calls=st.integers(1, 7))
    @precondition(lambda self: self.world.running)
    def a_worker_advances(self, which, calls):
        worker = one(self.world.running, which)
        for _ in range(calls):
            if not worker.finished:
                worker.go()

    @rule(span=st.sampled_from([timedelta(seconds=1), timedelta(minutes=1), LEASE]))
    def time_passes(self, span):
        self.world.now += span

    @rule()
    @precondition(lambda self: self.world.row and self.world.row.published)
    def its_row_grows_old(self):
        self.world.now += 2 * RETENTION

    # What goes wrong

    @rule(which=which)
    @precondition(lambda self: self.world.running)
    def a_worker_dies(self, which):
        one(self.world.running, which).kill()

    @rule(which=which)
    @precondition(lambda self: self.held)
    def a_lease_is_lost(self, which):
        one(self.held, which).visible_at = self.world.now

    @rule(which=which)
    @precondition(lambda self: self.hidden)
    def a_ticket_comes_early(self, which):
        one(self.hidden, which).visible_at = self.world.now

    @rule(which=which, span=st.sampled_from([timedelta(minutes=1), 2 * LEASE]))
    @precondition(lambda self: self.world.tickets)
    def a_ticket_is_late(self, which, span):
        one(self.world.tickets, which).visible_at += span

    @rule(which=which)
    @precondition(lambda self: self.world.tickets)
    def a_ticket_is_lost(self, which):
        self.world.lose(one(self.world.tickets, which))

    @rule(which=which, early=st.booleans())
    @precondition(lambda self: self.world.tickets)
    def a_ticket_is_doubled(self, which, early):
        message = one(self.world.tickets, which)
        self.world.duplicate(message, self.world.now if early else message.visible_at)

    @rule(port=st.sampled_from(sorted(FAULTS)), times=st.integers(1, 6), data=st.data())
    def a_service_fails(self, port, times, data):
        how = data.draw(st.sampled_from(FAULTS[port]))
        self.world.failing[port] = iter([how] * times)

    # What the remote API says

    @rule(
        status=st.sampled_from([200, 429, 500, 404, None]),
        wait=st.sampled_from([None, 0, 30, 1200]),
        date=st.booleans(),
    )
    def it_answers_otherwise(self, status, wait, date):
        self.world.status = status
        self.world.retry_after = None if wait is None else timedelta(seconds=wait)
        self.world.as_a_date = date

    @rule(job=st.sampled_from(["active", "TerminatingOnCancel", "success", "failed"]))
    @precondition(lambda self: self.world.job not in {"success", "failed"})
    def the_job_moves(self, job):
        self.world.job = job

    # What must hold

    @property
    def has_room(self):
        return len(self.world.running) < MOST_WORKERS

    @property
    def held(self):
        return [message for message in self.world.tickets if message.holder in self.world.running]

    @property
    def hidden(self):
        return [message for message in self.world.tickets if message.visible_at > self.world.now]

    @invariant()
    def nothing_multiplies(self):
        self.world.check_nothing_multiplies()

    def teardown(self):
        self.world.settle(tending=self.world.needs_tending)
        self.world.check_nothing_multiplies()
        self.world.check_all_is_done()


def one(things, which):
    return things[which % len(things)]


TestWatching = Watching.TestCase
TestWatching.settings = settings(
    max_examples=6 * settings().max_examples, stateful_step_count=50, deadline=None, print_blob=True
)
