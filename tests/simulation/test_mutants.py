"""The simulations prove something only if they fail when a rule is broken: here each rule is broken in turn.

A rule is broken in a copy of `shared/`, on which the simulations run in a process of their own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]

#: The quickest first, since the first failure is enough; without the meetings that have by far the most schedules.
SIMULATIONS = [
    f"tests/simulation/test_{name}.py"
    for name in ("scenarios", "overlap", "overlap_events", "overlap_deliveries", "crashes")
]
QUICK = ["-k", "not success-1 and not failed-1"]

#: Of a mutant that breaks a rule on events.
EVENTS_FIRST = sorted(SIMULATIONS, key=lambda name: "events" not in name)

#: Makes sure that the copy is what runs, and the random search short and the same each time.
CONFTEST = """
from pathlib import Path

from hypothesis import Phase, settings

import shared

assert Path(shared.__file__).parents[1] == Path(__file__).parent
settings.register_profile(
    "brief",
    max_examples=25,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)
settings.load_profile("brief")
"""

AT_ONCE = 2
LONGEST = 300  #: seconds

#: A promise that was not kept; a test that cannot run, or a mutant that stumbles over its own name, proves nothing.
CAUGHT = re.compile(r"^(FAILED|ERROR) (\S+) - (AssertionError|assert)", re.MULTILINE)

#: Files below `shared`.
DELIVER, EFFECTS, SWAP = "engine/deliver.py", "engine/effects.py", "engine/swap.py"
STARTS, STOPS, REVIVER, SENDER = (
    "engine/starter.py",
    "engine/stopper.py",
    "engine/reviver.py",
    "engine/callback_sender.py",
)
WAKER, DECIDE, CALLBACK = "engine/waker.py", "core/decide.py", "core/callback.py"

COMMIT = "row: R | None = await kind.rows.commit(after)"
READ_AGAIN = "row = await kind.rows.load(before.id)"
FENCE = "if row is not None and row.is_open and row.seq == ticket.seq:"
OURS = "if row.stepped_by == message_id or owes:"
INSERT = "inserted = await self.rows.insert(wanted)"
PUBLISHED = "return await swap(self.watches, replace(watch, published=True))"
WOKEN = "seq=watch.seq + 1,\n        stepped_by=event,"
WAKE = "watch = await swap(self.rows, woken)"
REVIVED = 'watch = replace(watch, seq=watch.seq + 1, stepped_by="")'

#: By the name of the broken rule: the file, and what is replaced in it by what.
MUTANTS: dict[str, tuple[str, dict[str, str]]] = {
    # The protocol, of watches and callbacks alike
    "a lost swap drops the message": (DELIVER, {READ_AGAIN: "return None"}),
    "a lost swap counts as won": (DELIVER, {READ_AGAIN: "row = after"}),
    "a lost swap is taken for our own": (SWAP, {"if found != wanted:": "if found is None:"}),
    "act before commit": (DELIVER, {COMMIT: f"await kind.act(after)\n{COMMIT}"}),
    "redo by seq": (DELIVER, {OURS: "if row.seq == ticket.seq + 1 or owes:"}),
    "no redo": (DELIVER, {FENCE: f"before = row\n{FENCE}", OURS: "if row is not before or owes:"}),
    "no fence": (DELIVER, {FENCE: "if row is not None and row.is_open:"}),
    "a ticket moves an ended watch": (DELIVER, {FENCE: "if row is not None and row.seq == ticket.seq:"}),
    "an ended watch is not published by a stray ticket": (DELIVER, {OURS: "if row.stepped_by == message_id:"}),
    "seq not advanced": (DECIDE, {"seq=watch.seq + 1, stepped_by=message_id": "stepped_by=message_id"}),
    # Turns
    "poll before due": (DECIDE, {"return NotYet(until) if now < until else None": "return None"}),
    "a deadline overrides Retry-After": (DECIDE, {"until = max(watch.due, watch.not_before)": "until = watch.due"}),
    "an end is forgotten while its reasons are asked for": (
        DECIDE,
        {'"verdict": verdict, "reason": reason,': '"reason": reason,'},
    ),
    "an end waits for its reasons": (
        DECIDE,
        {"tried = isinstance(seen, Fault) and watch.faults_in_a_row + 1 >= ENOUGH_ATTEMPTS": "tried = False"},
    ),
    "nobody asks why": (DECIDE, {"return GatherEvidence(outcome, reason, link)": "return Finish(outcome, reason)"}),
    # Ends
    "publish without record": (EFFECTS, {"await self.record(watch, watch.end)": "pass"}),
    "publish without announce": (EFFECTS, {"await self.announce(watch, watch.end)": "pass"}),
    "published mark before announce": (
        EFFECTS,
        {
            "await self.announce(watch, watch.end)": "await self.watches.commit(replace(watch, published=True))\n"
            "await self.announce(watch, watch.end)\nreturn watch"
        },
    ),
    "published mark before the callback": (
        EFFECTS,
        {
            "if watch.callback:": "if False:",
            PUBLISHED: f"found = {PUBLISHED.removeprefix('return ')}\n"
            "await self._notify(watch, watch.end)\nreturn found",
        },
    ),
    "a callback without its first ticket": (
        EFFECTS,
        {"await self.send_callback(Ticket(callback.id, callback.seq), timedelta(0))": "pass"},
    ),
    "an end that is not listed": (EFFECTS, {"await self.index.add_ended(watch, watch.end)": "pass"}),
    "an end that is listed after it is recorded": (
        EFFECTS,
        {
            "await self.index.add_ended(watch, watch.end)": "pass",
            "await self.record(watch, watch.end)": "await self.record(watch, watch.end)\n"
            "await self.index.add_ended(watch, watch.end)",
        },
    ),
    "listed for ever": (EFFECTS, {"await self.index.remove(watch)": "pass"}),
    "listed no more only after it is published": (
        EFFECTS,
        {
            "await self.index.remove(watch)": "pass",
            PUBLISHED: f"found = {PUBLISHED.removeprefix('return ')}\nawait self.index.remove(watch)\nreturn found",
        },
    ),
    "listed no more before it is recorded": (
        EFFECTS,
        {"await self.record(watch, watch.end)": "await self.index.remove(watch)\nawait self.record(watch, watch.end)"},
    ),
    # Starts and stops
    "start does not resend": (STARTS, {"or started.watch.due + RESEND_AFTER <= now:": "or False:"}),
    "start always sends": (STARTS, {"or started.watch.due + RESEND_AFTER <= now:": "or True:"}),
    "listed after it began": (
        STARTS,
        {"await self.index.add(wanted)": "pass", INSERT: f"{INSERT}\nawait self.index.add(wanted)"},
    ),
    "a start takes the other's entry away": (STARTS, {"if started.watch.started_at != wanted.started_at:": "if True:"}),
    "begun again from nought": (DECIDE, {"seq=ended.seq + 1,": "seq=0,"}),
    "begun again at once": (DECIDE, {"due=max(wanted.due, not_before),": ""}),
    "begun again unpublished": (
        STARTS,
        {"decide.restart(await self.act(found), wanted, ": "decide.restart(found, wanted, "},
    ),
    "begun again by the same request": (
        STARTS,
        {"if restart and not (begun_by and begun_by == started.watch.begun_by):": "if restart:"},
    ),
    "all ends of a watch have one name": (CALLBACK, {".{watch.started_at:%Y%m%dT%H%M%S%fZ}": ""}),
    "a restart whose answer was lost counts as another's": (
        STARTS,
        {"swap(self.rows, decide.restart(": "self.rows.commit(decide.restart("},
    ),
    "stop without publish": (STOPS, {"return await self.act(watch)": "return watch"}),
    "stop gives up when a turn gets in between": (STOPS, {"continue": "return watch"}),
    # Revivals
    "revive without fence": (DECIDE, {REVIVED: 'watch = replace(watch, stepped_by="")'}),
    "revive without bound": (DECIDE, {"if watch.revivals >= rounds:": "if False:"}),
    "revive forgets due": (DECIDE, {"due = max(watch.due, now + ": "due = max(now, now + "}),
    "a turn leaves the revivals counted": (
        DECIDE,
        {"stepped_by=message_id, revivals=0": "stepped_by=message_id"},
    ),
    "a job that ended is abandoned": (
        DECIDE,
        {"End(watch.verdict or Outcome.ABANDONED, now)": "End(Outcome.ABANDONED, now)"},
    ),
    "a poisoned ticket is dropped": (REVIVER, {"or ticket.seq == watch.seq or": "or"}),
    # Events
    "woken without fence": (DECIDE, {WOKEN: WOKEN.removeprefix("seq=watch.seq + 1,")}),
    "an event overrides Retry-After": (DECIDE, {"due=min(watch.due, max(now, watch.not_before)),": "due=now,"}),
    "an event wakes whenever it comes": (DECIDE, {"or event in watch.woken_by:": "or False:"}),
    "an event wakes an ended watch": (DECIDE, {"if watch.end is not None or watch.verdict": "if watch.verdict"}),
    "an event asks again what is known": (DECIDE, {"or watch.verdict is not None or event": "or event"}),
    "woken without a ticket": (WAKER, {"await self.act(watch)": "pass"}),
    "a ticket before it is woken": (WAKER, {WAKE: f"await self.act(woken)\n{WAKE}"}),
    "an event that comes again sends no ticket": (
        WAKER,
        {"if owes and (woken or watch.due <= self.now()):": "if owes and woken:"},
    ),
    "an event gives up when a turn gets in between": (WAKER, {"continue": "return Woken.AGAIN"}),
    # Callbacks
    "a callback's ticket before its row": (
        EFFECTS,
        {
            "with suppress(Conflict):  # it is there": (
                "await self.send_callback(Ticket(callback.id, 0), timedelta(0))\nwith suppress(Conflict):"
            ),
            "await self.send_callback(Ticket(callback.id, callback.seq), timedelta(0))": "pass",
        },
    ),
    "an attempt that does not count": (CALLBACK, {"seq=callback.seq + 1, stepped_by": "stepped_by"}),
    "a failed attempt has no next ticket": (SENDER, {"if row.is_open:": "if False:"}),
    "a callback is given up silently": (SENDER, {"await self.fail(row)": "pass"}),
    "a failure is announced after it is marked": (
        SENDER,
        {"await self.fail(row)": "await self.rows.commit(replace(row, announced=True))\nawait self.fail(row)"},
    ),
    "a callback's lost ticket is not replaced": (
        SENDER,
        {"await self.act(await swap(self.rows, revive(row, self.now())) if row.is_open else row)": "pass"},
    ),
}


def broken(source: str, replacements: dict[str, str]) -> str:
    """Replace each rule, which stands in the source once; further lines are indented as its own is."""
    for rule, instead in replacements.items():
        found = re.findall(rf"^( *)(.*){re.escape(rule)}", source, re.MULTILINE)
        assert len(found) == 1, f"the source has changed, and this mutant now breaks {len(found)} rules: {rule}"
        source = source.replace(rule, instead.replace("\n", "\n" + found[0][0]))
    return source


def simulate(here: Path, mutant: str = "") -> subprocess.CompletedProcess[str]:
    """Run the simulations, up to the first failure, on a copy in which one rule is broken, or none."""
    cached = shutil.ignore_patterns("__pycache__", Path(__file__).name)
    for folder in ("shared", "tests/simulation"):
        shutil.copytree(ROOT / folder, here / folder, ignore=cached)
    for file in ("tests/__init__.py", "tests/builders.py", "tests/engine.py", "tests/memory.py", "tests/ports.py"):
        shutil.copy(ROOT / file, here / file)
    (here / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    simulations = EVENTS_FIRST if "woken" in mutant or "event" in mutant else SIMULATIONS
    if mutant:
        file, replacements = MUTANTS[mutant]
        target = here / "shared" / file
        target.write_text(broken(target.read_text(encoding="utf-8"), replacements), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "-p", "no:cacheprovider", *simulations, *QUICK],
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(here), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "300"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST,
        check=False,
    )


@pytest.fixture(scope="module")
def runs(request, tmp_path_factory):
    """The simulations of an unbroken copy and of each mutant that is asked for, begun all at once."""
    tests = [item for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    mutants = ["", *(item.callspec.params["mutant"] for item in tests)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {mutant: pool.submit(simulate, tmp_path_factory.mktemp("copy"), mutant) for mutant in mutants}
        pool.shutdown(cancel_futures=True)


def test_the_simulations_pass_on_an_unbroken_copy(runs):
    run = runs[""].result()

    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_simulations_catch(runs, mutant):
    run = runs[mutant].result()

    assert CAUGHT.search(run.stdout), run.stdout
