"""What the platform answered when a job was begun: the job that it names, or what was found instead."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.apis import APIS
from shared.core.remote import ask
from shared.core.untrusted import DEEPEST
from shared.web import examples
from shared.web.handed_over import MOST_LINKS, job_in
from shared.web.problems import Problem
from shared.web.requests import LARGEST_BODY, BatchRequest, StartRequest, read_start
from tests.builders import a_watch

ORIGIN = "https://api.bentley.com"

GUID = "cc3d35cc-416a-4262-9714-b359da70b419"
OTHER = "7b8f3c1e-2a53-4f0a-9b7e-0d6c6f1f3a11"
CONNECTION = "_bk3xZ0Gd5H-hhvrRzB5wqbW3cVQxEFnAhW9yZLDqm4"
RUN = "0123456789abcdef0123456789abcdef01234567"
CHANGESETS = "1a2b-3c4d"
LIBRARY_JOB = "2517774384832714834_eeaaacbf-0f0e-4c50-9d5c-0d6c9f0e5a55"

SECRET = "eyJ0.s3cr-_et.x"


def target(**members):
    return StartRequest.read(json.dumps(members).encode()).target(ORIGIN)


#: How problems begin where no job is named.
NOTHING = ("Nothing in it is known", "It links to the status of a job elsewhere")


def problem_of(**members):
    with pytest.raises(Problem) as caught:
        target(**members)
    return caught.value


def link(path):
    return {"href": ORIGIN + path}


#: Answers with a link to the status, as the platform gives them, and the ids of the job.
LINKED = [
    (
        "reporting",
        {"run": {"id": "r1", "_links": {"status": link("/insights/reporting/datasources/extraction/status/r1")}}},
        {"jobId": "r1"},
    ),
    (
        "grouping-and-mapping",
        {
            "extraction": {
                "id": "x1",
                "state": "Queued",
                "startedOn": "2026-11-20T12:00:00Z",
                "_links": {
                    "status": link("/grouping-and-mapping/datasources/imodel-mappings/extractions/x1"),
                    "logs": link("/grouping-and-mapping/datasources/imodel-mappings/extractions/x1/logs"),
                },
            }
        },
        {"extractionId": "x1"},
    ),
    (
        "carbon-ec3",
        {"job": {"id": "e1", "_links": {"status": link("/insights/carbon-calculation/ec3/jobs/e1")}}},
        {"jobId": "e1"},
    ),
    (
        "carbon-oneclicklca",
        {
            "job": {
                "id": "o1",
                "_links": {
                    "job": link("/insights/carbon-calculation/oneclicklca/jobs/o1"),
                    "report": link("/insights/reporting/reports/p1"),
                },
            }
        },
        {"jobId": "o1"},
    ),
    (
        "schedules",  # a clone: of two schedules, the link has the one whose operation it is
        {
            "operation": {"id": OTHER},
            "schedule": {"id": "5b0c9a0e-5f0e-4c50-9d5c-0d6c9f0e5a55"},
            "_links": {
                "operationLocation": link(f"/schedules/{GUID}/operations/{OTHER}"),
                "schedule": link("/schedules/5b0c9a0e-5f0e-4c50-9d5c-0d6c9f0e5a55"),
            },
        },
        {"scheduleId": GUID, "operationId": OTHER},
    ),
]

#: Answers whose job is in a header, most of them without a body.
IN_HEADERS = [
    (
        "synchronization-storage",
        f"/synchronization/imodels/storageConnections/{CONNECTION}/runs/{RUN}",
        {"connectionId": CONNECTION, "runId": RUN},
    ),
    (
        "synchronization-manifest",
        f"/synchronization/imodels/manifestconnections/{CONNECTION}/runs/{RUN}",
        {"connectionId": CONNECTION, "runId": RUN},
    ),
    ("export", f"/export/connections/{CONNECTION}/runs/{GUID}", {"connectionId": CONNECTION, "runId": GUID}),
    ("library", f"/Library/jobs/{LIBRARY_JOB}", {"jobId": LIBRARY_JOB}),
    ("imodels-create", f"/imodels/{GUID}/operations/create", {"iModelId": GUID}),  # Create-iModel-Operation
]

_REALITY = {"job": {"id": GUID, "name": "n", "type": "t", "state": "Active", "iTwinId": OTHER, "userId": "u"}}
_EXPORT = {"export": {"id": "m1", "status": "NotStarted", "request": {"iModelId": GUID, "exportType": "CESIUM"}}}

#: Answers with ids alone: they need the API's name.
UNLINKED = [
    ("access-control", {"id": GUID, "itwinId": OTHER, "status": "Active"}, {"itwinId": OTHER, "jobId": GUID}),
    ("reality-analysis-v2", _REALITY, {"jobId": GUID}),
    ("reality-modeling-v1", _REALITY, {"jobId": GUID}),
    (
        "transformations",
        {
            "transformation": {
                "id": "t1",
                "status": "Created",
                "_links": {"configuration": link("/transformations/configurations/c1")},
            }
        },
        {"transformationId": "t1"},
    ),
    (
        "changed-elements",
        {"comparisonJob": {"jobId": CHANGESETS, "iTwinId": GUID, "iModelId": OTHER, "status": "Queued"}},
        {"jobId": CHANGESETS, "iTwinId": GUID, "iModelId": OTHER},
    ),
    (
        "changed-elements-v3",
        {"job": {"jobId": GUID, "iTwinId": GUID, "iModelId": OTHER, "status": "Queued", "diffingPlan": {}}},
        {"jobId": GUID, "iTwinId": GUID, "iModelId": OTHER},
    ),
    ("mesh-export", _EXPORT, {"exportId": "m1"}),
    ("itwins-export", {"export": {"id": "m1", "status": "Queued", "outputUrl": None}}, {"exportId": "m1"}),
    (
        "imodels-create",
        {"iModel": {"id": GUID, "state": "notInitialized", "_links": {"upload": None, "creator": link("/users/1")}}},
        {"iModelId": GUID},
    ),
    ("reporting", {"run": {"id": "r1"}}, {"jobId": "r1"}),
    *((name, {"job": {"id": "j1"}}, {"jobId": "j1"}) for name in ("carbon-ec3", "carbon-oneclicklca")),
    ("grouping-and-mapping", {"extraction": {"id": "x1"}}, {"extractionId": "x1"}),
]


@pytest.mark.parametrize(("name", "response", "job"), LINKED, ids=[row[0] for row in LINKED])
def test_a_link_to_the_status_names_the_job(name, response, job):
    assert target(response=response) == (APIS[name], job)
    assert target(response=response, api=name) == (APIS[name], job)


@pytest.mark.parametrize("origin", [ORIGIN, "", "https://API.bentley.com:443"])
@pytest.mark.parametrize(("name", "path", "job"), IN_HEADERS, ids=[row[0] for row in IN_HEADERS])
def test_a_header_names_the_job(name, path, job, origin):
    beside: list[dict[str, Any]] = [{}, {"response": {}}, {"response": None}, {"api": name}]
    for more in beside:
        assert target(location=origin + path, **more) == (APIS[name], job)


@pytest.mark.parametrize(("name", "response", "job"), UNLINKED, ids=[row[0] for row in UNLINKED])
def test_ids_in_the_body_are_those_of_the_api_that_is_named(name, response, job):
    assert target(response=response, api=name) == (APIS[name], job)

    problem = problem_of(response=response)

    assert (problem.status, problem.name) == (422, "wrong-response")
    assert 'send "api" as well' in problem.detail
    assert name in problem.detail


@pytest.mark.parametrize(
    ("response", "alike"),
    [
        (_EXPORT, "mesh-export or itwins-export"),
        ({"transformation": {"id": "t"}}, "transformations"),
        ({"id": "j", "itwinId": "t"}, "access-control"),
        ({"id": "j", "itwinId": "t", "error": {}}, "access-control"),  # its jobs have a member of that name
        ({"job": {"jobId": "j", "iTwinId": "t", "iModelId": "m"}}, "changed-elements-v3"),
    ],
)
def test_the_apis_that_answer_like_this_are_named(response, alike):
    assert problem_of(response=response).detail == (
        f'No link in it is the status URL of a job. It looks like an answer of {alike}: send "api" as well.'
    )


def test_a_header_counts_more_than_ids():
    """A body that other APIs have too; the header of a clone is the new iModel's, which is no job."""
    body = {"iModel": {"id": GUID}}

    assert target(response=body, location=f"/imodels/{GUID}/operations/create") == (
        APIS["imodels-create"],
        {"iModelId": GUID},
    )
    assert "imodels-create" in problem_of(response=body, location=f"/imodels/{GUID}").detail


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"job": "j1"},
        {"export": {"id": 7}},
        {"export": {"id": " "}},
        {"export": [{"id": "m1"}]},
        {"runs": [{"testId": "t", "clashReportId": "c", "status": "Completed"}]},  # Clash Detection v2
        {"run": {"status": "inProgress", "_links": {"inference": link("/synchronization/pnidtoitwin/inferences/1")}}},
        {"_links": {"run": link("/unknown/runs/1"), "run2": link("/unknown/runs/1/results")}},
        {"configurations": link("/transformations/configurations")},
    ],
)
def test_of_what_is_not_known_it_is_said_what_to_send(response):
    problem = problem_of(response=response)

    assert problem.name == "wrong-response"
    assert problem.detail.startswith("Nothing in it is known")
    assert '"location"' in problem.detail
    assert ORIGIN in problem.detail


@pytest.mark.parametrize(
    "href",
    [
        "https://dev-api.bentley.com/library/jobs/1",
        "HTTPS://qa-api.bentley.com/Transformations/1",
        "https://api.bentley.com:8443/transformations/1",
    ],
)
def test_a_job_of_another_platform_is_said_to_be_one(href):
    """Its id, which the body may have too, would be asked of the wrong platform."""
    problem = problem_of(response={"transformation": {"id": "1", "_links": {"self": {"href": href}}}})

    assert problem.detail == f"It links to the status of a job elsewhere. This app watches only jobs of {ORIGIN}."


@pytest.mark.parametrize("more", [{}, {"api": "changed-elements-v3"}, {"api": "library"}])
def test_an_error_of_the_platform_is_said_to_be_one(more):
    response = {"error": {"code": "DiffJobExists", "message": "s3cret", "target": None}}

    assert problem_of(response=response, **more).detail == "The response is an error of the platform: no job began."


def test_several_jobs_are_named():
    runs = [f"/export/connections/c/runs/{number}" for number in range(6)]

    two = problem_of(response={"_links": [link(runs[0]), link("/library/jobs/a%2Fb")]})
    six = problem_of(response={"_links": [*map(link, runs)]})

    assert two.name == six.name == "wrong-response"
    assert two.detail == (
        f"The links name 2 jobs: {ORIGIN}{runs[0]} or {ORIGIN}/library/jobs/a%2Fb."
        ' Send the URL of the right one as "url".'
    )
    assert "name 6 jobs" in six.detail
    assert six.detail.count(ORIGIN) == 4


def test_with_an_api_only_its_jobs_count():
    response = {"a": link("/library/jobs/1"), "b": link("/export/connections/c/runs/2"), "export": {"id": "m"}}

    assert target(response=response, api="library") == (APIS["library"], {"jobId": "1"})
    assert target(response=response, api="mesh-export") == (APIS["mesh-export"], {"exportId": "m"})
    assert "name 2 jobs" in problem_of(response=response | {"c": link("/library/jobs/2")}, api="library").detail


@pytest.mark.parametrize(
    "paths",
    [
        ["/library/jobs/1", "/Library/Jobs/1", "/LIBRARY/jobs/1"],
        [f"/imodels/{GUID}/operations/create", f"/iModels/{GUID.upper()}/operations/create"],
        [f"/contextcapture/jobs/{GUID}", f"/contextcapture/jobs/{GUID}/progress"],
        ["/changedelements/diff/1?iTwinId=2&iModelId=3", "/ChangedElements/diff/1?imodelid=3&itwinid=2"],
    ],
)
def test_a_job_that_is_named_twice_is_one(paths):
    first = target(location=paths[0])

    assert target(response={"links": [*map(link, paths)]}, location=paths[0]) == first


def test_an_id_in_another_letter_case_is_another_id():
    assert "name 2 jobs" in problem_of(response={"a": link("/library/jobs/a"), "b": link("/library/jobs/A")}).detail


@pytest.mark.parametrize(
    ("name", "response", "missing"),
    [
        ("mesh-export", {}, ["export.id"]),
        ("mesh-export", {"export": {"id": None}}, ["export.id"]),
        ("mesh-export", {"export": {"id": 7}}, ["export.id"]),
        ("mesh-export", {"export": {"id": " \t"}}, ["export.id"]),
        ("mesh-export", {"export": {"id": ["m"]}}, ["export.id"]),
        ("mesh-export", {"export": "m"}, ["export.id"]),
        ("changed-elements", {"comparisonJob": {"jobId": "j"}}, ["comparisonJob.iTwinId", "comparisonJob.iModelId"]),
        ("access-control", {"itwinId": "t"}, ["id"]),
    ],
)
def test_ids_that_are_missing_are_named_and_pointed_at(name, response, missing):
    problem = problem_of(api=name, response=response)

    assert problem.name == "wrong-response"
    assert problem.detail.endswith(f'"response" that has the id at {" and ".join(missing)}.')
    assert [error["pointer"] for error in problem.errors] == ["/response/" + "/".join(at.split(".")) for at in missing]


@pytest.mark.parametrize("name", [api.name for api in APIS.values() if not api.ids_at])
def test_an_api_whose_answers_have_a_link_alone_needs_it(name):
    problem = problem_of(api=name, response={"id": "i", "job": {"id": "j"}, "run": {"id": "r"}})

    assert problem.name == "wrong-response"
    assert '"location"' in problem.detail


@pytest.mark.parametrize("job_id", ["..", "a/../b", "x" * 513, "a\nb", "%2e%2e"])
def test_ids_are_held_to_the_rules_of_all_ids(job_id):
    problem = problem_of(api="mesh-export", response={"export": {"id": job_id}})

    assert (problem.name, job_id in problem.detail) == ("wrong-job", job_id == "..")


def test_a_reserved_word_is_no_id_in_a_body_either():
    assert problem_of(api="transformations", response={"transformation": {"id": "configurations"}}).name == "wrong-job"


PATH = "/library/jobs/1"


@pytest.mark.parametrize(
    "href",
    [
        "https://evil.example" + PATH,
        "//evil.example" + PATH,
        "http://api.bentley.com" + PATH,
        "https://api.bentley.com:8443" + PATH,
        "https://api.bentley.com.evil.example" + PATH,
        "https://user@api.bentley.com" + PATH,
        "https://user:s3cret@api.bentley.com" + PATH,
        "https://api.bentley.com@evil.example" + PATH,
        "https://evil.example\\@api.bentley.com" + PATH,
        "/\\evil.example" + PATH,
        "ftp://api.bentley.com" + PATH,
        "javascript:alert(1)",
        "https://[" + PATH,
        "https://api.bentley.com:port" + PATH,
        ORIGIN + PATH + "?sig=s3cret",
        ORIGIN + PATH + "/",
        ORIGIN + "/library/jobs/..",
        ORIGIN + "/library/jobs/%2e%2e",
        ORIGIN + "/library/jobs/%zz",
        ORIGIN + "/library/jobs/a b",
        ORIGIN + "/library/jobs/a\nb",
        ORIGIN + "/library/jobs/" + "x" * 600,
        "/lib\nrary/jobs/1",
        "library/jobs/1",
        "",
        7,
        None,
        True,
        1.5,
        [],
        [PATH],
        {},
        {"href": {"href": None}},
    ],
)
def test_what_is_no_status_url_of_the_platform_is_ignored(href):
    good = {"_links": {"a": {"href": href}, "status": link("/library/jobs/good")}}

    assert target(response=good) == (APIS["library"], {"jobId": "good"})
    assert problem_of(response={"a": {"href": href}}).detail.startswith(NOTHING)


@pytest.mark.parametrize(
    "location",
    ["", " ", "https://evil.example" + PATH, "//evil.example" + PATH, PATH + "\n", "https://u@api.bentley.com" + PATH],
)
def test_a_header_that_leads_elsewhere_names_nothing(location):
    assert problem_of(location=location).detail.startswith(NOTHING)


@pytest.mark.parametrize(
    ("response", "found"),
    [
        ({"anything": ORIGIN + PATH}, True),
        ({"list": [[ORIGIN + PATH]]}, True),
        ({"anything": "HTTPS://api.bentley.com" + PATH}, True),
        ({"x": {"href": PATH}}, True),
        ({"anything": PATH}, False),
        ({"href": [PATH]}, False),
        ({"note": "see " + ORIGIN + PATH}, False),
        ({ORIGIN + PATH: "a name"}, False),
    ],
)
def test_a_link_is_a_url_anywhere_or_a_path_that_says_it_is_one(response, found):
    if found:
        assert target(response=response) == (APIS["library"], {"jobId": "1"})
    else:
        assert problem_of(response=response).name == "wrong-response"


def test_links_to_the_platform_are_bounded_and_others_cost_nothing():
    foreign = [f"https://evil.example/{number}" for number in range(2000)]
    ours = [f"{ORIGIN}/x/{number}" for number in range(MOST_LINKS)]

    assert target(response={"links": [*foreign, *ours[1:], *ours[1:], ORIGIN + PATH]})[1] == {"jobId": "1"}
    assert f"over {MOST_LINKS} links" in problem_of(response={"links": [*ours, ORIGIN + PATH]}).detail


def nested(depth):
    return {"a": nested(depth - 1)} if depth else {}


def test_a_response_is_as_deep_as_answers_are():
    assert problem_of(response=nested(DEEPEST - 2)).name == "wrong-response"
    for depth in (DEEPEST, 60, 150):
        problem = problem_of(response=nested(depth))
        assert (problem.name, [error["pointer"] for error in problem.errors]) == ("invalid-body", ["/response"])


@pytest.mark.parametrize("opens", ["[", '{"a":'])
def test_one_that_is_nothing_but_depth_is_refused(opens):
    with pytest.raises(Problem) as caught:
        read_start(b'{"response": ' + opens.encode() * 10_000)

    assert caught.value.name == "malformed-body"


@pytest.mark.parametrize("response", [json.dumps(_EXPORT), [], [_EXPORT], 7, True, "", ORIGIN + PATH])
def test_a_response_is_an_object_and_no_text_that_holds_one(response):
    problem = problem_of(response=response)

    assert (problem.name, [error["pointer"] for error in problem.errors]) == ("invalid-body", ["/response"])


@pytest.mark.parametrize(
    "more",
    [
        {"url": ORIGIN + PATH},
        {"job": {"jobId": "1"}},
        {"api": "library", "job": {"jobId": "1"}},
        {"api": "library", "job": {}},
    ],
)
@pytest.mark.parametrize("handed_over", [{"response": {}}, {"location": PATH}, {"response": {}, "location": PATH}])
def test_neither_a_url_nor_ids_go_with_an_answer(more, handed_over):
    problem = problem_of(**more, **handed_over)

    assert problem.name == "invalid-body"
    assert '"job" does not complete a response' in problem.detail


def test_an_unknown_api_is_told_which_are_known():
    assert problem_of(api="no-such-api", response=_EXPORT).name == "unknown-api"


def test_a_location_is_as_long_as_a_url():
    assert problem_of(location="x" * 4097).errors[0]["pointer"] == "/location"


@pytest.mark.parametrize(
    "response",
    [
        {"token": SECRET, SECRET: 1, "href": f"https://{SECRET}@api.bentley.com{PATH}"},
        {"_links": {"download": link(f"/storage/x?sig={SECRET}"), "a": f"{ORIGIN}{PATH}?sig={SECRET}#{SECRET}"}},
        {"a": link("/library/jobs/1"), "b": link("/library/jobs/2"), "token": SECRET},
        {"error": {"code": SECRET, "message": SECRET}},
        {"export": {"id": "m", SECRET: SECRET}},
        {"export": {"id": [SECRET]}},
        nested(40) | {SECRET: SECRET},
        [SECRET],
        {SECRET: {"a": "\ud800"}},
    ],
)
def test_a_problem_repeats_nothing_that_may_be_secret(response):
    beside: list[dict[str, Any]] = [{}, {"api": "mesh-export"}, {"api": "library"}, {"job": {}}]
    for more in beside:
        body = {"response": response, **more}
        for item in (body, {"watches": [body]}):
            assert SECRET not in json.dumps(what_is_said_of(item))


def what_is_said_of(body):
    try:
        wanted = read_start(json.dumps(body).encode())
        requests = wanted.each() if isinstance(wanted, BatchRequest) else [wanted]
        for request in requests:
            if isinstance(request, Problem):
                raise request
            assert SECRET not in repr(request)
            request.target(ORIGIN)
    except Problem as problem:
        return problem.document()
    return {}


def test_a_batch_takes_answers_too_and_each_succeeds_or_fails_alone():
    items = [{"response": _EXPORT, "api": "mesh-export"}, {"location": PATH}, {"response": nested(3)}, {"response": 1}]

    batch = read_start(json.dumps({"watches": items}).encode())

    assert isinstance(batch, BatchRequest)
    assert [ends_as(one) for one in batch.each()] == ["mesh-export", "library", "wrong-response", "invalid-body"]


def ends_as(one):
    try:
        return one.name if isinstance(one, Problem) else one.target(ORIGIN)[0].name
    except Problem as problem:
        return problem.name


def test_an_answer_with_its_deadline_and_labels_has_room():
    response = _EXPORT | {"more": "x" * (LARGEST_BODY - 1000)}

    assert target(response=response, api="mesh-export", labels=["a"], deadline="P2D", restart=True)


@pytest.mark.parametrize("example", [examples.LINKED, examples.HEADER, examples.UNLINKED])
def test_the_examples_name_jobs(example):
    assert target(**example)


def test_a_platform_elsewhere_has_its_own_links():
    found = job_in(
        {"a": link(PATH), "b": {"href": "http://127.0.0.1:9000/library/jobs/2"}}, None, "http://127.0.0.1:9000"
    )

    assert found == (APIS["library"], {"jobId": "2"})


LINKS = st.sampled_from(
    [ORIGIN + PATH, PATH, ORIGIN + "/transformations/t", "https://evil.example/", "//", "https://[", "/%", "\ud800"]
)
VALUES = st.recursive(
    st.none() | st.integers() | st.text() | LINKS,
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["href", "id", "job", "export", "error"]) | st.text(), inner)
    ),
    max_leaves=10,
)


@given(VALUES, st.none() | LINKS | st.text(), st.none() | st.sampled_from([*APIS.values()]))
def test_any_answer_names_a_job_of_the_platform_or_is_a_problem(response, location, api):
    try:
        found, job = job_in(response, location, ORIGIN, api)
    except Problem as problem:
        json.dumps(problem.document(), ensure_ascii=False).encode()
        return
    assert api is None or found is api
    assert ask(found, a_watch(api=found.name, job=job)).path.startswith("/")


def test_it_is_not_shown_when_a_request_is():
    assert SECRET not in repr(StartRequest.model_validate({"response": {"token": SECRET}, "location": SECRET}))
