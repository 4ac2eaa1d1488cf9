"""What people see in a terminal, and what a pipe or a log gets."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from itwin_job_watch.display import line, show_all, show_one
from itwin_job_watch.progress import Log
from tests.command_line import ENDED, WATCH, by_watch, run, script

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONG = "The tile 17 of the block needs more memory than the machine has, so that the job was ended before its time."

FAILED = ENDED | {
    "id": "8b62a3ec-40bb-56d1-8c32-b1427419934e",
    "api": "synchronization-storage",
    "job": {"connectionId": "c-1", "runId": "r-1"},
    "outcome": "failed",
    "startedAt": "2026-11-20T09:00:00Z",
    "labels": ["nightly", "bridge-42"],
    "reason": "Failed",
    "evidence": [LONG, "another"],
    "issues": 7,
}
OPEN = WATCH | {"startedAt": "2026-11-20T11:59:15.5Z", "reason": None, "failing": "5xx"}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(show, *what, width=80):
    """The lines on a terminal of this width."""
    terminal = Terminal()
    show(Console(file=terminal, width=width, color_system=None), *what)
    return [one.rstrip() for one in terminal.getvalue().splitlines()]


def test_in_80_columns_the_reason_stands_below():
    assert shown(show_all, [OPEN, FAILED], NOON) == [
        "watch     api                      age  state                       labels",
        "0d6c9f0e  reporting                44s  Running 40 %, failing: 5xx  a",
        "8b62a3ec  synchronization-storage  3h   failed                      nightly,",
        "          bridge-42",
        "          The tile 17 of the block needs more memory than the machine has, so",
        "          that the job was ended before its time. (and 6 more)",
    ]


def test_a_wide_terminal_has_a_line_for_each_and_the_job():
    lines = shown(show_all, [OPEN, FAILED], NOON, width=240)

    assert lines[0].split() == ["watch", "api", "job", "age", "state", "labels", "why"]
    assert lines[2].split("  ")[:3] == ["8b62a3ec", "synchronization-storage", "c-1 / r-1"]
    assert lines[2].endswith(f"nightly, bridge-42  {LONG} (and 6 more)")
    assert len(lines) == 3


@pytest.mark.parametrize("width", [60, 80, 100, 119, 120, 160, 200])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut(width):
    odd = FAILED | {"labels": ["x" * 64] * 3, "status": "y" * 100, "outcome": None, "state": "watching"}
    lines = shown(show_all, [odd], NOON, width=width)

    assert max(map(len, lines)) <= width
    assert sum(one.count("x") for one in lines) == 3 * 64
    assert "…" not in "".join(lines)


def test_without_labels_there_is_no_column_of_them():
    assert "labels" not in shown(show_all, [WATCH | {"labels": []}], NOON)[0]


def test_a_sheet_has_a_line_for_each_entry_of_evidence():
    lines = shown(show_one, FAILED)

    assert [one.split("  ")[0] for one in lines].count("evidence") == 2
    assert any(one.endswith("8b62a3ec-40bb-56d1-8c32-b1427419934e") for one in lines)


def test_a_pipe_gets_a_line_for_each_watch_with_all_of_it():
    pages = script({"watches": [OPEN, FAILED], "next": None})
    done, _ = run(pages, "list", env={"COLUMNS": "20", "FORCE_COLOR": "1"})

    assert [one.split("\t") for one in done.stdout.splitlines()] == [
        [
            *[OPEN["id"], "reporting", "[bold]j1", "2026-11-20T11:59:15.5Z"],
            *["Running 40 %, failing: 5xx", "a", ""],
        ],
        [
            *[FAILED["id"], "synchronization-storage", "c-1 / r-1", "2026-11-20T09:00:00Z"],
            *["failed", "nightly, bridge-42", f"{LONG} (and 6 more)"],
        ],
    ]


def test_what_a_text_holds_makes_no_further_line_or_field():
    odd = {"reason": "a\tb\nc", "labels": ["d\te"], "api": "f\tg", "status": "h\ni"}

    assert line(WATCH | odd)[1:] == ["f g", "[bold]j1", "", "h i 40 %", "d e", "a b c"]


@pytest.mark.parametrize(("more", "says"), [((), "No watches.\n"), (("--json",), "")])
def test_an_empty_list_is_told_beside_the_data(more, says):
    done, _ = run(script({"watches": [], "next": None}), "list", *more)

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", says)


def test_a_sheet_in_a_pipe_has_a_name_a_tab_and_a_value():
    done, _ = run(script(FAILED), "show", FAILED["id"], env={"COLUMNS": "20"})

    assert [one.split("\t")[0] for one in done.stdout.splitlines()].count("evidence") == 2
    assert f"evidence\t{LONG}" in done.stdout.splitlines()
    assert f"id\t{FAILED['id']}" in done.stdout.splitlines()


def test_while_somebody_waits_a_log_is_told_of_each_change():
    answers = by_watch(
        a=[WATCH | {"id": "a", "status": None, "progress": None}, WATCH | {"id": "a"}, ENDED | {"id": "a"}],
        b=[WATCH | {"id": "b", "failing": "5xx"}, FAILED | {"id": "b"}],
    )
    done, _ = run(answers, "wait", "a", "b", "--json")

    assert sorted(done.progress) == [
        "a reporting [bold]j1: Running 40 %",
        "a reporting [bold]j1: succeeded",
        "a reporting [bold]j1: watching",
        "b reporting [bold]j1: Running 40 %, failing: 5xx",
        "b synchronization-storage c-1 / r-1: failed",
    ]
    assert len(done.stdout.splitlines()) == 2


class Day:
    """Passes by hand."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def pass_by(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("watches", "says"),
    [
        ([WATCH], "12:01:00Z 0d6c9f0e reporting j: Running 50 %"),
        ([ENDED | {"id": "x"}, WATCH], "12:01:00Z 1 of 2 still open"),
    ],
)
def test_a_log_is_told_once_a_minute_that_it_goes_on(watches, says):
    day, file = Day(), io.StringIO()
    log = Log(file, day)
    for watch in watches:
        log.show(watch, "j")
    told = file.getvalue()
    for progress in (41, 45, 50, 50):
        log.show(WATCH | {"progress": progress}, "j")
        day.pass_by(30 if progress < 50 else 0)

    assert file.getvalue().removeprefix(told).splitlines() == [says]
