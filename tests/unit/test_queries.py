"""What may stand behind the question mark."""

import pytest

from shared.core.model import Outcome
from shared.engine.cursor import Cursor
from shared.web.problems import Problem
from shared.web.queries import ListQuery, ReadQuery

URL = "https://x.example/api/watches"


def problem_of(query, parameters):
    with pytest.raises(Problem) as caught:
        query.read(f"{URL}?{parameters}")
    return caught.value


def test_nothing_means_the_first_fifty():
    wanted = ListQuery.read(URL).wanted()

    assert (wanted.api, wanted.state, wanted.outcome, wanted.label, wanted.limit, wanted.after) == (
        None,
        None,
        None,
        None,
        50,
        None,
    )


def test_all_of_them_are_read():
    query = "api=reporting&state=ended&outcome=failed&label=a+b%2B&limit=7"
    wanted = ListQuery.read(f"{URL}?{query}&code=s3cr3t&clientId=default").wanted()

    assert (wanted.api, wanted.state, wanted.outcome, wanted.label, wanted.limit) == (
        "reporting",
        "ended",
        Outcome.FAILED,
        "a b+",
        7,
    )


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ("api=bim", "api"),
        ("api=", "api"),
        ("state=open", "state"),
        ("state=watching,ended", "state"),
        ("outcome=Failed", "outcome"),
        ("label=", "label"),
        ("label=" + "x" * 65, "label"),
        ("label=%00", "label"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=", "limit"),
        ("limit=+5", "limit"),
        ("limit=%205", "limit"),
        ("limit=1_0", "limit"),
        ("limit=5.0", "limit"),
        ("limit=%D9%A5", "limit"),
        ("lable=x", "lable"),
    ],
)
def test_what_is_wrong_is_named(parameters, name):
    problem = problem_of(ListQuery, parameters)

    assert (problem.status, problem.name) == (422, "invalid-query")
    assert [error["parameter"] for error in problem.errors] == [name]


def test_an_unknown_api_is_told_which_is_most_like_it():
    problem = problem_of(ListQuery, "api=Mesh_Export")

    assert "api: no API has this name; most like it: mesh-export, " in problem.detail
    assert len(problem_of(ListQuery, f"api={'x' * 5000}").detail) < 300


def test_a_parameter_that_comes_twice_is_refused():
    assert "once" in problem_of(ListQuery, "state=watching&state=ended").detail


@pytest.mark.parametrize("text", ["x", "%00", "=" * 500, "%F0%9F%98%80"])
def test_a_cursor_that_is_none_is_refused(text):
    with pytest.raises(Problem) as caught:
        ListQuery.read(f"{URL}?cursor={text}").wanted()

    assert (caught.value.status, caught.value.name) == (422, "wrong-cursor")


def test_a_cursor_is_good_for_the_same_list_whatever_its_limit():
    text = Cursor("ended", "").to_text(ListQuery.read(f"{URL}?label=a").list_of)

    assert ListQuery.read(f"{URL}?label=a&limit=3&cursor={text}").wanted().after == Cursor("ended", "")
    with pytest.raises(Problem):
        ListQuery.read(f"{URL}?label=b&cursor={text}").wanted()


@pytest.mark.parametrize("wait", ["-1", "61", "1.5", "soon", "", "9999999999"])
def test_a_wait_is_whole_seconds_up_to_a_minute(wait):
    assert problem_of(ReadQuery, f"wait={wait}").errors[0]["parameter"] == "wait"
