"""The status endpoints of all APIs, over HTTP."""

import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local import simulator as package
from local.simulator.apis import APIS, View
from local.simulator.clock import Plan, history
from local.simulator.paths import split
from tests.integration.simulator.family import FAMILY, by_path, each, ends, job, within, word

SYNCHRONIZATION = by_path("/synchronization/imodels/storageconnections/c1/runs/{}")
EXPORT = by_path("/export/connections/c1/runs/{}")
COMPARISON = by_path("/changedelements/comparisonjob/{}/itwin/t1/imodel/i1")
DIFF = by_path("/changedelements/diff/{}")
TRANSFORMATIONS = by_path("/transformations/{}")
MODELING_V1 = by_path("/contextcapture/jobs/{}")


def accept(version):
    return f"application/vnd.bentley.itwin-platform.v{version}+json"


def test_these_are_all():
    assert Counter(kind.name for kind in FAMILY) == Counter(api.name for api in APIS), "FAMILY is in family.py"


def api_of(kind):
    return next(api for api in APIS if api.match(split(kind.path.format("1"))))


@each
def test_a_job_goes_through_its_words(kind):
    api = api_of(kind)
    plan = Plan(api.words, api.success, timedelta(seconds=10))
    ids, query = dict.fromkeys(re.findall(r"{(\w+)}", api.path), "1"), dict.fromkeys(api.queries, "1")
    seen = []
    for age in range(11):
        states = tuple(history(timedelta(seconds=age), plan))
        body = api.body(View(ids, datetime(2026, 1, 1, tzinfo=UTC), states, "http://sim/", "http://sim", query=query))
        seen.append(word(kind, body))
    assert tuple(dict.fromkeys(seen)) == kind.words


@ends
def test_a_word_in_the_id_decides_how_a_job_ends(simulator, kind, word_in_id, end):
    assert word(kind, job(simulator, kind, f"it-{word_in_id.upper()}s")) == end


@each
def test_a_job_may_never_end(simulator, kind):
    assert word(kind, job(simulator, kind, "forever")) in kind.words[:-1]


@pytest.mark.parametrize(
    ("path", "word_in_id", "kept"),
    [
        ("/realitydataanalysis/jobs/{}/progress", "unsubmitted", "unsubmitted"),
        ("/realityconversion/jobs/{}/progress", "unsubmitted", "unsubmitted"),
        ("/contextcapture/jobs/{}", "unsubmitted", "unsubmitted"),
        ("/imodels/{}/operations/create", "waiting", "waitingForFile"),
        ("/imodels/i1/namedversions/{}/checkpoint", "notGenerated", "notGenerated"),
        ("/imodels/i1/changesets/{}/checkpoint", "notGenerated", "notGenerated"),
        ("/transformations/{}", "created", "Created"),
    ],
)
def test_a_job_may_keep_a_word(simulator, path, word_in_id, kept):
    kind = by_path(path)
    assert word(kind, job(simulator, kind, f"1-{word_in_id}")) == kept
    assert word(kind, job(simulator, kind, "1", ends=kept)) == kept


@each
def test_a_missing_job(simulator, kind):
    answer = simulator.get(kind.path.format("missing") + kind.query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, kind.missing)


@each
def test_a_forbidden_job(simulator, kind):
    answer = simulator.get(kind.path.format("forbidden") + kind.query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "InsufficientPermissions")


@each
def test_accept(simulator, kind):
    """The version is the documented one, or none is given."""
    for other in {1, 2, 3} - {kind.version}:
        simulator.headers["Accept"] = accept(other)
        assert simulator.get(kind.path.format("1") + kind.query).status_code == 406
    simulator.headers["Accept"] = accept(kind.version)
    assert simulator.get(kind.path.format("1") + kind.query).status_code == 200


@each
def test_letter_case_matters_in_ids_alone(simulator, kind):
    head, tail = kind.path.split("{}")
    simulator.script(kind.path.format("a"), {"status": 418})
    assert simulator.get(f"{_capitals(head)}a{_capitals(tail)}{kind.query}").status_code == 418
    assert simulator.get(f"{head}A{tail}{kind.query}").status_code == 200


def _capitals(path):
    """All literals in capitals, and the ids of these tests, `t1` and the like, as they are."""
    return "/".join(part if part[1:].isdecimal() else part.upper() for part in path.split("/"))


@each
@pytest.mark.parametrize("job_id", ["a%2Fb", "a-b", "MWplZe9Uf0iR1IDMqyOMLqBN0_wHEVBGg_CzJmXdmE4"])
def test_any_id_will_do(simulator, kind, job_id):
    assert word(kind, job(simulator, kind, job_id)) == kind.words[-1]


@each
def test_words_are_told_in_the_order_in_which_they_count(kind):
    """The table of `--help` says that the first counts."""
    table = [line.split()[0] for line in (package.__doc__ or "").splitlines() if line.startswith("    ")]
    api = api_of(kind)
    words = [*api.endings, *api.stalls, "forever", "missing", "forbidden"]
    assert [one for one in words if one not in table] == [], "tell of these in local/simulator/__init__.py"
    assert words == sorted(words, key=table.index)
    assert set(api.endings) == set(kind.ends)


def test_counts_make_a_percentage(simulator):
    for kind, counts in (
        (COMPARISON, ("currentProgress", "maxProgress")),
        (DIFF, ("completedAgents", "totalAgents")),
        (TRANSFORMATIONS, ("processedEntityCount", "totalEntityCount")),
    ):
        path = kind.path.format("forever")
        simulator.clock(path, seconds=0.001)
        simulator.get(path + kind.query)
        time.sleep(0.002)
        (body,) = simulator.get(path + kind.query).json().values()
        done, whole = (body[name] for name in counts)
        assert (done / whole, body["status"]) == (0.9, "Started")


@pytest.mark.parametrize("query", ["", "?iTwinId=t1", "?iModelId=i1", "?iTwinId=&iModelId=i1"])
def test_a_diff_job_wants_both_ids_in_the_query(simulator, query):
    answer = simulator.get(DIFF.path.format("missing") + query)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "InvalidChangedElementsRequest")
    assert error["details"][0]["code"] == "InvalidParameter"


def test_configurations_are_no_transformation(simulator, stranger):
    assert simulator.get("/transformations/configurations").status_code == 404
    assert simulator.get("/transformations/Configuration").status_code == 200
    order = {"path": "/transformations/configurations", "clock": {}}
    assert stranger.post("/_sim/jobs", json=order).status_code == 400


def test_a_clock_ends_a_run_with_either_word(simulator):
    assert word(EXPORT, job(simulator, EXPORT, "1", ends="TimedOut")) == "Completed TimedOut"
    assert word(EXPORT, job(simulator, EXPORT, "1", ends="Completed")) == "Completed Success"
    order = {"path": EXPORT.path.format("1"), "clock": {"ends": "Failed"}}
    said = simulator.post("/_sim/jobs", json=order).json()["error"]
    assert said == ("clock.ends: export has Success, Error, Cancelled, PartialSuccess, TimedOut, Skipped, Undetermined")


def test_the_progress_of_reality_modeling_tells_no_verdict(simulator):
    """It is the same job that its own document shows."""
    progress = f"{MODELING_V1.path}/progress"
    seen: dict[str, dict[str, Any]] = {}
    for job_id in ("1-unsubmitted", "1-forever", "1-fail", "1"):
        state = word(MODELING_V1, job(simulator, MODELING_V1, job_id))
        seen[state] = simulator.get(progress.format(job_id)).json()["jobProgress"]
    assert {state: progress["state"] for state, progress in seen.items()} == {
        "unsubmitted": "Unsubmitted",
        "active": "Active",
        "failed": "Over",
        "success": "Over",
    }
    assert [progress["percentage"] for progress in seen.values()] == [0, 90, 90, 100]


def test_a_checkpoint_has_storage_only_when_it_is_there(simulator):
    path = "/imodels/i1/changesets/{}/checkpoint"
    done = within(job(simulator, by_path(path), "7"), "checkpoint")
    assert (done["changesetIndex"], done["size"] > 0, len(done["changesetId"])) == (7, True, 40)
    assert done["directoryAccessInfo"]["azure"]["sasToken"]
    for job_id in ("fail", "notGenerated", "forever"):
        none = within(job(simulator, by_path(path), job_id), "checkpoint")
        assert (none["size"], none["directoryAccessInfo"], none["_links"]["download"]) == (0, None, None)
