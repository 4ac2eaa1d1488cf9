"""Lists, as a caller meets them."""

import time
from uuid import uuid4

import pytest
from azure.data.tables import TableServiceClient

from tests.e2e.test_http import assert_problem

#: The table of the lists, and its partitions.
OPEN, LISTS = "OpenWatches", {"watching", "ended"}


@pytest.fixture
def some(app):
    """Five watches with a label of their own, two of them stopped; gives the label, and the ids in order."""
    label = f"list {uuid4()}"
    ids = [
        app.post(
            "/watches", json={"api": "reporting", "job": {"jobId": f"forever-{uuid4()}"}, "labels": [label]}
        ).json()
        for _ in range(5)
    ]
    ids = [watch["id"] for watch in ids]
    for watch_id in ids[:2]:
        app.delete(f"/watches/{watch_id}")
    return label, [*reversed(ids[2:]), *reversed(ids[:2])]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_follow_each_other(app, some, limit):
    label, ids = some
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = app.get("/watches", params={"label": label, "limit": limit, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [watch["id"] for watch in page["watches"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}

    assert found == ids


def test_filters(app, some):
    label, ids = some

    def listed(**more):
        return [watch["id"] for watch in app.get("/watches", params={"label": label, **more}).json()["watches"]]

    assert listed(state="watching") == ids[:3]
    assert listed(state="ended", outcome="stopped") == ids[3:]
    assert listed(outcome="failed") == []
    assert listed(api="reporting") == ids
    assert listed(api="schedules") == []


@pytest.mark.parametrize("named", ["id", "start of the id", "url"])
def test_a_watch_is_found_by_how_its_id_begins_and_by_the_url_of_its_job(app, some, named):
    _, ids = some
    for watch in (app.get(f"/watches/{watch_id}").json() for watch_id in (ids[0], ids[-1])):  # open, and ended
        query = {"id": {"id": watch["id"]}, "start of the id": {"id": watch["id"][:13]}, "url": {"url": watch["url"]}}
        answer = app.get("/watches", params=query[named])

        assert answer.status_code == 200
        assert [found["id"] for found in answer.json()["watches"]] == [watch["id"]]  # the open one has turns meanwhile
        assert answer.json()["next"] is None


def test_what_names_no_watch_finds_none(app, parts):
    for query in ({"id": str(uuid4())}, {"url": f"{parts.simulator}/library/jobs/{uuid4()}"}):
        assert app.get("/watches", params=query).json() == {"watches": [], "next": None}


def test_a_watch_in_a_list_is_shown_as_alone(app, some):
    label, ids = some
    watches = app.get("/watches", params={"label": label, "state": "ended"}).json()["watches"]

    assert watches == [app.get(f"/watches/{watch_id}").json() for watch_id in ids[3:]]


@pytest.mark.parametrize(
    ("query", "name", "says"),
    [
        ("limit=1000", "invalid-query", "limit"),
        ("lable=x", "invalid-query", "lable"),
        ("cursor=AAAA", "wrong-cursor", "next"),
        ("state=ended&state=ended", "invalid-query", "once"),
        ("id=0d6", "invalid-query", "4 hexadecimal digits"),
        ("id=0d6c&state=ended", "invalid-query", "alone"),
        ("url=https://evil.example/x", "wrong-url", "watches only jobs of"),
    ],
)
def test_a_bad_query_says_what_to_send(app, query, name, says):
    assert_problem(app.get(f"/watches?{query}"), 422, name, says)


def test_what_an_earlier_version_listed_is_brought_over(app, parts, some):
    """The entries of that version are in partitions by API, and of ended watches it has but the results."""
    label, ids = some
    with TableServiceClient.from_connection_string(parts.storage) as tables:
        table = tables.get_table_client(OPEN)
        entries = [row for row in table.list_entities() if row.get("WatchId") in ids]
        for row in entries:
            table.delete_entity(row["PartitionKey"], row["RowKey"])
            if row["PartitionKey"] == "watching":
                table.upsert_entity({**row, "PartitionKey": "reporting"})

        def brought_over():
            return [row for row in table.list_entities() if row.get("WatchId") in ids and row["PartitionKey"] in LISTS]

        app.post(f"{parts.url}/admin/functions/tend_watches", json={})
        give_up = time.monotonic() + 20
        while len(brought_over()) < len(entries) and time.monotonic() < give_up:
            time.sleep(0.1)

        assert brought_over() == entries
    assert [watch["id"] for watch in app.get("/watches", params={"label": label}).json()["watches"]] == ids
