"""What may stand behind the question mark."""

import pytest

from shared.apis import APIS
from shared.core.model import Outcome
from shared.core.remote import watch_id
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
        ("id=", "id"),
        ("id=0d6", "id"),
        ("id=0d6g", "id"),
        ("id=-0d6c", "id"),
        ("id=0d6c%0A", "id"),
        ("id=%D9%A5%D9%A5%D9%A5%D9%A5", "id"),
        ("id=0d6c9f0e-5a55-5f0e-9d5c-0d6c9f0e5a555", "id"),
        ("url=" + "x" * 4097, "url"),
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


ORIGIN = "https://api.bentley.com"


@pytest.mark.parametrize(
    ("parameters", "digits"),
    [
        ("", None),
        ("limit=5", None),
        ("id=0d6c", "0d6c"),
        ("id=0D6C9F0E-5a", "0d6c9f0e-5a"),
        ("id=0d6c&code=s3cr3t", "0d6c"),
        (f"url={ORIGIN}/library/jobs/j", watch_id(APIS["library"], {"jobId": "j"})),
        (f"url={ORIGIN}/LIBRARY/jobs/j", watch_id(APIS["library"], {"jobId": "j"})),
    ],
)
def test_a_watch_is_named_by_how_its_id_begins_or_by_the_url_of_its_job(parameters, digits):
    assert ListQuery.read(f"{URL}?{parameters}").named(ORIGIN) == digits


def test_too_few_digits_are_told_how_many_there_must_be():
    assert "id: must be how an id begins, with 4 hexadecimal digits or more" in problem_of(ListQuery, "id=0d6").detail


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("", "wrong-url"),
        ("0d6c9f0e", "wrong-url"),
        ("https://evil.example/library/jobs/j", "wrong-url"),
        (f"{ORIGIN}/users/me", "wrong-url"),
        (f"{ORIGIN}/library/jobs/..", "wrong-job"),
    ],
)
def test_a_url_of_no_job_is_refused(url, name):
    with pytest.raises(Problem) as caught:
        ListQuery.read(f"{URL}?url={url}").named(ORIGIN)

    assert (caught.value.status, caught.value.name) == (422, name)


@pytest.mark.parametrize("more", ["limit=5", "state=ended", "cursor=x", "url=x"])
def test_what_names_a_watch_goes_alone(more):
    with pytest.raises(Problem, match="alone"):
        ListQuery.read(f"{URL}?id=0d6c&{more}").named(ORIGIN)
