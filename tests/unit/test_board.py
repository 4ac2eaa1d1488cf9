"""How a run shows many watches on a terminal of any size, and in a log."""

import io
import re

import pytest
from rich.console import Console

from local.trials.board import Board, board

GROUPS = {"Reality": ["a", "b", "c"], "Insights": ["d", "e"], "iModels": ["f"]}
NAMES = [name for names in GROUPS.values() for name in names]


def a_watch(**more):
    watch = {"api": "reporting", "state": "watching", "status": "Running", "progress": None, "outcome": None}
    return watch | {"reason": "", "evidence": [], "issues": 0, "polls": 1} | more


def ended(outcome="succeeded", **more):
    return a_watch(state="ended", outcome=outcome, **more)


def a_log():
    return Console(file=io.StringIO(), width=80)


def a_terminal(rows):
    return Console(file=io.StringIO(), force_terminal=True, color_system=None, width=80, height=rows)


def lines(console):
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())  # what moves the cursor
    return [line.rstrip() for line in text.splitlines()]


def viewed(rows, *done):
    """What a terminal with so many rows shows while all but some go on."""
    console = a_terminal(rows)
    shown = Board(console, GROUPS)
    for name in NAMES:
        shown.see(name, ended() if name in done else a_watch())
    console.print(shown.view())
    return lines(console)


def names_in(shown):
    return [words[0] for line in shown if (words := line.split()) and words[0] in NAMES]


@pytest.mark.parametrize("rows", range(6, 14))
def test_a_view_is_never_longer_than_the_screen(rows):
    assert len(viewed(rows)) == min(rows - 1, len(NAMES) + len(GROUPS) + 1)


def test_each_group_has_its_share_and_says_what_is_not_shown():
    assert viewed(9, "b")[:-1] == [
        "Reality: 1 of 3 ended, 1 not shown",
        "  a                          reporting                         Running",
        "  c                          reporting                         Running",
        "Insights: 0 of 2 ended, 1 not shown",
        "  d                          reporting                         Running",
        "iModels: 0 of 1 ended",
        "  f                          reporting                         Running",
    ]


def test_those_that_go_on_are_shown_before_those_that_have_ended():
    assert names_in(viewed(9, "a", "b", "d")) == ["c", "a", "e", "f"]
    assert names_in(viewed(30, "a", "b", "d")) == ["c", "a", "b", "e", "d", "f"]


def test_a_group_is_printed_when_all_of_it_has_ended():
    console = a_log()
    with board(console, GROUPS) as shown:
        for name in NAMES:
            shown.see(name, a_watch())
        shown.see("f", ended())
        shown.see("d", ended("failed", polls=2, reason="a reason"))
        shown.show()
        before = lines(console)
        shown.see("e", ended("partial", reason="a reason", evidence=["one", "two"], issues=3))
        shown.show()
        shown.show()

        assert before == [
            "iModels: 1 of 1 ended",
            "  f                          reporting                succeeded after 1 poll",
        ]
        assert lines(console)[2:] == [
            "Insights: 2 of 2 ended",
            "  d                          reporting                failed after 2 polls",
            "      a reason",
            "  e                          reporting                partial after 1 poll",
            "      one (and 2 more)",
        ]


def test_what_has_not_ended_is_printed_at_the_end():
    console = a_log()
    with board(console, GROUPS) as shown:
        for name in NAMES:
            shown.see(name, ended() if name == "a" else a_watch(failing="5xx", status=None))
        shown.show()
        assert lines(console) == []

    assert lines(console)[:3] == [
        "Reality: 1 of 3 ended",
        "  a                          reporting                succeeded after 1 poll",
        "  b                          reporting                watching, failing: 5xx after 1 poll",
    ]
    assert len(lines(console)) == len(NAMES) + len(GROUPS)


def test_a_terminal_keeps_what_has_ended_and_no_more():
    console = a_terminal(24)
    with board(console, GROUPS) as shown:
        for name in NAMES:
            shown.see(name, ended())
        shown.show()

    assert [line for line in lines(console) if ":" in line] == [
        "Reality: 3 of 3 ended",
        "Insights: 2 of 2 ended",
        "iModels: 1 of 1 ended",
    ]


def test_texts_from_outside_are_no_markup_and_one_line():
    console = a_log()
    with board(console, {"Reality": ["a"]}) as shown:
        shown.see("a", ended("failed", reason="[red]no\nmarkup"))

    assert lines(console)[-1].strip() == "[red]no markup"
