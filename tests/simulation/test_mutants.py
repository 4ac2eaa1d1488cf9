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

ROOT = Path(__file__).parents[2]

#: The quickest first, since the first failure is enough; without the meetings that have by far the most schedules.
SIMULATIONS = [f"tests/simulation/test_{name}.py" for name in ("scenarios", "overlap", "crashes")]
SIMULATIONS += ["-k", "not success-1 and not failed-1"]

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

INSERT = "watch, begun = await self.store.insert(wanted), True"
#: Files below `shared`.
WATCHER, CALLBACKS = "engine/watcher.py", "engine/callback_sender.py"
DECIDE, REMOTE = "core/decide.py", "core/remote.py"

COMMIT = "committed = await self.store.commit(after)"
READ_AGAIN = "found = await self.store.load(before.id)"
TRY = "watch = await self.store.commit(await self._step(watch, message_id))"
FENCE = "if ticket.seq == watch.seq and watch.outcome is None:"
OURS = "ours = watch.stepped_by == message_id"
REVIVED = 'watch = replace(watch, seq=watch.seq + 1, stepped_by="")'

#: By the name of the broken rule: the file, and what is replaced in it by what.
MUTANTS: dict[str, tuple[str, dict[str, str]]] = {
    "a lost swap drops the message": (WATCHER, {READ_AGAIN: "found = None"}),
    "a lost swap counts as won": (
        WATCHER,
        {READ_AGAIN: f"{READ_AGAIN}\nfound = found and replace(found, stepped_by=message_id)"},
    ),
    "act before commit": (WATCHER, {COMMIT: f"await self.act(after)\n{COMMIT}"}),
    "publish before commit": (
        WATCHER,
        {COMMIT: f"if after.outcome:\n    await self.record(after)\n    await self.announce(after)\n{COMMIT}"},
    ),
    "redo by seq": (WATCHER, {OURS: "ours = ticket.seq == watch.seq - 1"}),
    "no redo": (WATCHER, {FENCE: f"ours = ticket.seq == watch.seq\n{FENCE}", OURS: "pass"}),
    "no fence": (WATCHER, {FENCE: "if watch.outcome is None:"}),
    "a ticket moves an ended watch": (WATCHER, {FENCE: "if ticket.seq == watch.seq:"}),
    "seq not advanced": (DECIDE, {"seq=watch.seq + 1, stepped_by=message_id": "stepped_by=message_id"}),
    "start does not resend": (WATCHER, {"if begun or watch.due + RESEND_AFTER <= now:": "if begun:"}),
    "start always sends": (WATCHER, {"if begun or watch.due + RESEND_AFTER <= now:": "if True:"}),
    "tend without fence": (DECIDE, {REVIVED: 'watch = replace(watch, stepped_by="")'}),
    "revive without bound": (DECIDE, {"if watch.revivals >= rounds:": "if False:"}),
    "revive forgets due": (DECIDE, {"due = max(watch.due, now + ": "due = max(now, now + "}),
    "a turn leaves the revivals counted": (
        DECIDE,
        {"stepped_by=message_id, revivals=0": "stepped_by=message_id"},
    ),
    "an end is forgotten while its reasons are asked for": (
        DECIDE,
        {"verdict=verdict, reason=reason,": "reason=reason,"},
    ),
    "an end waits for its reasons": (
        DECIDE,
        {"tried = isinstance(seen, Fault) and watch.faults_in_a_row + 1 >= ENOUGH_ATTEMPTS": "tried = False"},
    ),
    "a job that ended is abandoned": (
        DECIDE,
        {"outcome=watch.verdict or Outcome.ABANDONED": "outcome=Outcome.ABANDONED"},
    ),
    "nobody asks why": (DECIDE, {"return Inquire(outcome, reason, link)": "return Finish(outcome, reason)"}),
    "a poisoned ticket is dropped": (WATCHER, {"or ticket.seq == watch.seq or": "or"}),
    "poll before due": (REMOTE, {"NotYet(until) if now < until else None": "None"}),
    "a deadline overrides Retry-After": (
        REMOTE,
        {"until = max(watch.due, watch.not_before)": "until = watch.due"},
    ),
    "listed after it began": (
        WATCHER,
        {
            "await self.index.add(wanted)": "pass",
            INSERT: f"{INSERT}\nawait self.index.add(wanted)",
        },
    ),
    "listed for ever": (WATCHER, {"await self.index.remove(watch)": "pass"}),
    "listed no more before it is recorded": (
        WATCHER,
        {"await self.record(watch)": "await self.index.remove(watch)\nawait self.record(watch)"},
    ),
    "a start takes the other's entry away": (
        WATCHER,
        {"if watch.started_at != wanted.started_at:": "if True:"},
    ),
    "begun again from nought": (DECIDE, {"seq=ended.seq + 1,": "seq=0,"}),
    "begun again at once": (DECIDE, {"due=max(wanted.due, ended.not_before),": ""}),
    "begun again unpublished": (WATCHER, {"found = await self.act(found)": "pass"}),
    "begun again by the same request": (
        WATCHER,
        {"if restart and not (begun_by and begun_by == watch.begun_by):": "if restart:"},
    ),
    "begun again while its end is being told": (WATCHER, {"if is_pending(found):": "if False:"}),
    "published mark before the callback's ticket": (
        WATCHER,
        {"await self.tell(Ticket(watch.id, watch.callback_seq), SOON)": "pass"},
    ),
    "a callback without fence": (
        CALLBACKS,
        {"if ticket.seq == watch.callback_seq and is_pending(watch):": "if is_pending(watch):"},
    ),
    "a callback acts before commit": (
        CALLBACKS,
        {
            TRY: "watch = await self._step(watch, message_id)\nawait self._act(watch)\n"
            "watch = await self.store.commit(watch)"
        },
    ),
    "a callback is not redone": (
        CALLBACKS,
        {"if watch.callback_stepped_by == message_id:": "if False:"},
    ),
    "a callback is not told of before it is published": (
        CALLBACKS,
        {"if not watch.published:": "if False:"},
    ),
    "a callback's ticket is not replaced": (
        WATCHER,
        {"if watch.published and is_pending(watch):": "if False:"},
    ),
    "a callback counts its tries anew": (DECIDE, {"callback_seq=ended.callback_seq + 1,": ""}),
    "stop without publish": (WATCHER, {"return await self.act(watch)": "return watch"}),
    "stop gives up when a turn gets in between": (WATCHER, {"continue": "return watch"}),
    "publish without record": (WATCHER, {"await self.record(watch)": "pass"}),
    "published mark before announce": (
        WATCHER,
        {
            "await self.announce(watch)": "await self.store.commit(replace(watch, published=True))\n"
            "await self.announce(watch)\nreturn watch"
        },
    ),
    "an ended watch is not published by a stray ticket": (
        WATCHER,
        {"if ours or watch.outcome is not None:": "if ours:"},
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
    for file in ("tests/__init__.py", "tests/memory.py", "tests/ports.py"):
        shutil.copy(ROOT / file, here / file)
    (here / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    if mutant:
        file, replacements = MUTANTS[mutant]
        target = here / "shared" / file
        target.write_text(broken(target.read_text(encoding="utf-8"), replacements), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "-p", "no:cacheprovider", *SIMULATIONS],
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
