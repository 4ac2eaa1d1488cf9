"""The state of a job at a given age.  Pure: reads no clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job may end."""

    word: str  #: the API's own
    percentage: int = 100
    issues: bool = False  #: it has issues: errors, or warnings in a log
    result: str = ""  #: the second word, which gives the verdict, in the APIs that have one
    after: str = ""  #: a word for the last tenth of the job, on the way to this end


@dataclass(frozen=True, slots=True)
class Plan:
    """How a job will go."""

    words: tuple[str, ...]  #: the API's words for a job under way, in the order they are reached
    ending: Ending | None  #: None: it never ends
    length: timedelta


@dataclass(frozen=True, slots=True)
class State:
    """The state of a job."""

    word: str
    percentage: int  #: in steps of ten, constant in between
    since: timedelta  #: the age at which `word` was reached
    ended: bool = False
    issues: bool = False
    result: str = ""


def stalled(word: str) -> Plan:
    """Return a plan that never gets beyond its first word, at 0 percent."""
    return Plan((word,), None, timedelta.max)


def state_at(age: timedelta, plan: Plan) -> State:
    """Each word but the last one under way lasts a tenth of the job's length.

    >>> plan = Plan(("Queued", "Started"), Ending("Succeeded"), timedelta(seconds=20))
    >>> [state_at(timedelta(seconds=age), plan).word for age in (0, 2, 19, 20)]
    ['Queued', 'Started', 'Started', 'Succeeded']
    >>> [state_at(timedelta(seconds=age), plan).percentage for age in (0, 2, 19, 20)]
    [0, 10, 90, 100]
    """
    return history(age, plan)[-1]


def history(age: timedelta, plan: Plan) -> list[State]:
    """Return a state per word reached so far, oldest first; the last one is current."""
    tenth = 10 * age // plan.length if age < plan.length else 9
    reached = [State(word, 10 * at, since=plan.length * at / 10) for at, word in enumerate(plan.words[: tenth + 1])]
    reached[-1] = replace(reached[-1], percentage=10 * tenth)
    end = plan.ending
    if end and end.after and tenth == 9:  # noqa: PLR2004 - the last of ten
        reached.append(State(end.after, 90, since=plan.length * 9 / 10))
    if end and age >= plan.length:
        reached.append(
            State(end.word, end.percentage, since=plan.length, ended=True, issues=end.issues, result=end.result)
        )
    return reached
