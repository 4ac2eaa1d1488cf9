"""Which URLs name a job, and that no other is ever asked."""

from dataclasses import replace
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.apis import APIS
from shared.core.remote import ask
from shared.web.job_url import LONGEST_ID, check_job, locate
from shared.web.problems import Problem
from tests.builders import NOON, a_watch

ORIGIN = "https://api.bentley.com"
PATH = "/realitydataanalysis/jobs/j1/progress"

#: What may be an id: any printable text that is not blank, and not a step in a path.
IDS = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=40).filter(
    lambda text: text.strip() and text not in {".", ".."}
)


def refused(url, origin=ORIGIN):
    with pytest.raises(Problem) as caught:
        locate(url, origin)
    return caught.value


def asked(api, job):
    """The path that the platform is asked for once this is watched."""
    return ask(api, a_watch(id="w", api=api.name, job=job, deadline=NOON)).path


@pytest.mark.parametrize(
    ("path", "name", "job"),
    [
        (PATH, "reality-analysis", {"jobId": "j1"}),
        ("/accesscontrol/itwins/t1/jobs/j1", "access-control", {"itwinId": "t1", "jobId": "j1"}),
        ("/insights/reporting/datasources/extraction/status/j1", "reporting", {"jobId": "j1"}),
        ("/schedules/s1/operations/o1", "schedules", {"scheduleId": "s1", "operationId": "o1"}),
    ],
)
def test_the_status_url_of_each_api_names_its_job(path, name, job):
    assert locate(ORIGIN + path, ORIGIN) == (APIS[name], job)


@pytest.mark.parametrize(
    ("segment", "job_id"),
    [
        ("a%2Fb", "a/b"),
        ("a%2fb", "a/b"),
        ("100%25", "100%"),
        ("%252F", "%2F"),
        ("a%20b", "a b"),
        ("%E2%82%AC", "€"),
        ("€", "€"),
        ("a+b", "a+b"),
        ("a;v=1,b", "a;v=1,b"),
        ("%3Fx%23y", "?x#y"),
        ("{jobId}", "{jobId}"),
        ("...", "..."),
        ("%5C...%5C", "\\...\\"),
    ],
)
def test_an_id_is_read_from_its_percent_encoding(segment, job_id):
    api, job = locate(f"{ORIGIN}/realitydataanalysis/jobs/{segment}/progress", ORIGIN)

    assert job == {"jobId": job_id}
    assert unquote(asked(api, job)) == f"/realitydataanalysis/jobs/{job_id}/progress"


@given(api=st.sampled_from([*APIS.values()]), ids=st.lists(IDS, min_size=3, max_size=3))
def test_what_is_asked_is_the_path_that_was_sent(api, ids):
    path = api.path.format_map({name: quote(value, safe="") for name, value in zip(api.fields, ids, strict=False)})

    found, job = locate(ORIGIN + path, ORIGIN)

    assert (found, asked(found, job)) == (api, path)


@pytest.mark.parametrize(
    "origin",
    [
        "https://API.Bentley.com",
        "HTTPS://api.bentley.com",
        "https://api.bentley.com:443",
    ],
)
def test_another_spelling_of_the_origin_is_the_origin(origin):
    assert locate(origin + PATH, ORIGIN) == locate(ORIGIN + PATH, ORIGIN)


def test_the_origin_may_be_spelled_otherwise_in_the_settings_too():
    assert locate(ORIGIN + PATH, "https://API.bentley.com:443")[0].name == "reality-analysis"


@pytest.mark.parametrize(
    "url",
    [
        "http://api.bentley.com" + PATH,
        "http://api.bentley.com:443" + PATH,
        "ftp://api.bentley.com" + PATH,
        "ftp://api.bentley.com:443" + PATH,
        "https://api.bentley.com:8443" + PATH,
        "https://api.bentley.com:80" + PATH,
        "https://user@api.bentley.com" + PATH,
        "https://user:password@api.bentley.com" + PATH,
        "https://@api.bentley.com" + PATH,
        "https://:@api.bentley.com" + PATH,
        "https://api.bentley.com@evil.example" + PATH,
        "https://api.bentley.com:443@evil.example" + PATH,
        "https://evil.example\\@api.bentley.com" + PATH,
        "https://api.bentley.com\\@evil.example" + PATH,
        "https://api.bentley.com\\.evil.example" + PATH,
        "https://api.bentley.com.evil.example" + PATH,
        "https://api.bentley.com." + PATH,
        "https://api-bentley.com" + PATH,
        "https://evil-api.bentley.com" + PATH,
        "https://api.bentley.com%2eevil.example" + PATH,
        "https://api.bentley.com%00.evil.example" + PATH,
        "https://api.bentley\u3002com" + PATH,
        "https://\u0430pi.bentley.com" + PATH,  # Cyrillic
        "https://[::1]" + PATH,
        "https://[api.bentley.com]" + PATH,
        "https://[api.bentley.com" + PATH,
        "https://api.bentley.com:port" + PATH,
        "https://api.bentley.com:99999" + PATH,
        "https://api.bentley.com:-443" + PATH,
        "https:api.bentley.com" + PATH,
        "https:/api.bentley.com" + PATH,
        "https:///api.bentley.com" + PATH,
        "//api.bentley.com" + PATH,
        "api.bentley.com" + PATH,
        "https://169.254.169.254/metadata/identity",
        "javascript:alert(1)",
        PATH,
        "",
        "https://",
    ],
)
def test_a_url_of_another_origin_is_refused(url):
    problem = refused(url)

    assert (problem.status, problem.name) == (422, "wrong-url")
    assert f"Known URLs are {ORIGIN}/" in problem.detail  # says what to send


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/realitydataanalysis/jobs/j1",
        "/realitydataanalysis/jobs/j1/progress/",
        "/realitydataanalysis/jobs/j1/progress/more",
        "/realitydataanalysis/jobs/a/b/progress",
        "//realitydataanalysis/jobs/j1/progress",
        "/real\u0131tydataanalysis/jobs/j1/progress",
        "/realitydataanaly\u017fis/jobs/j1/progress",
        "/realitydataanalysis%2Fjobs/j1/progress",
        "/realitydataanalysi%73/jobs/j1/progress",
        "/x/../realitydataanalysis/jobs/j1/progress",
        "/realitydataanalysis/jobs/j1/progress;v=1",
        "\\realitydataanalysis\\jobs\\j1\\progress",
        "/transformations/configurations",
        "/Transformations/Configurations",
        "/changedelements/diff/j1",
    ],
)
def test_an_unknown_path_is_refused(path):
    problem = refused(ORIGIN + path)

    assert (problem.status, problem.name) == (422, "wrong-url")
    assert f"Known URLs are {ORIGIN}/" in problem.detail


@pytest.mark.parametrize("api", APIS.values(), ids=APIS)
def test_whoever_mistypes_a_url_is_told_the_right_one(api):
    template = api.path.partition("?")[0]

    assert ORIGIN + api.path in refused(f"{ORIGIN}{template.replace('{', '').replace('}', '')}/more").detail


@pytest.mark.parametrize("end", ["?", "?x=1", "#", "#x", "?x=1#y", "/?x"])
def test_a_query_or_fragment_is_refused(end):
    assert refused(ORIGIN + PATH + end).name == "wrong-url"


@pytest.mark.parametrize("query", ["?iTwinId=2", "?iTwinId=2&iModelId=3&sig=s3cret"])
def test_whoever_sends_another_query_is_told_the_right_one(query):
    detail = refused(f"{ORIGIN}/changedelements/diff/1{query}").detail

    assert "no other query than a known URL has" in detail
    assert f"{ORIGIN}/changedelements/diff/{{jobId}}?iTwinId={{iTwinId}}&iModelId={{iModelId}}" in detail
    assert "s3cret" not in detail


@pytest.mark.parametrize("segment", ["%", "100%", "%zz", "%2", "%2x", "%u20AC", "%ff", "%C0%AF", "%ED%A0%80", "\ud800"])
def test_an_invalid_percent_encoding_is_refused(segment):
    """Read as it stands it would be sent back otherwise: "%zz" would be asked for as "%25zz"."""
    assert refused(f"{ORIGIN}/realitydataanalysis/jobs/{segment}/progress").status == 422


@pytest.mark.parametrize("character", ["\t", "\n", "\r"])
@pytest.mark.parametrize(
    "where",
    [
        "https://api.bent{}ley.com/schedules/s/operations/o",
        ORIGIN + "/schedules/s{}1/operations/o",
        "{}" + ORIGIN + PATH,
    ],
)
def test_a_line_break_or_tab_is_refused(where, character):
    """`urlsplit` drops them without a word, and another job than the one that was named would be watched."""
    assert refused(where.format(character)).status == 422


@pytest.mark.parametrize(
    "segment",
    [".", "..", "%2e", "%2E%2e", ".%2E", "%00", "a%0Ab", "a%0D%0Ab", "%7F", "%C2%85", "%E2%80%A8", "%E2%80%AE", ""],
)
def test_an_id_that_cannot_be_one_segment_of_a_path_is_refused(segment):
    assert refused(f"{ORIGIN}/realitydataanalysis/jobs/{segment}/progress").name == "wrong-job"


@pytest.mark.parametrize(
    "job_id",
    [
        ".",
        "..",
        "a/../b",
        "..\\a",
        "%2e%2e",
        "%252e%252e",
        "..;v=1",
        "a%2f..",
        "\x00",
        "a\nb",
        "\x7f",
        "\u2028",
        "\ud800",
        "\u200b",
        "x" * (LONGEST_ID + 1),
    ],
)
def test_an_id_is_held_to_the_same_rules_without_a_url(job_id):
    with pytest.raises(Problem) as caught:
        check_job(APIS["reporting"], {"jobId": job_id})

    assert (caught.value.status, caught.value.name) == (422, "wrong-job")
    assert "jobId" in caught.value.detail


def test_the_longest_id_passes():
    assert check_job(APIS["reporting"], {"jobId": "x" * LONGEST_ID}) == {"jobId": "x" * LONGEST_ID}


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ({}, "missing: scheduleId, operationId"),
        ({"scheduleId": "s"}, "missing: operationId"),
        ({"scheduleId": "s", "operationId": ""}, "missing: operationId"),
        ({"scheduleId": "s", "operationId": "o", "b": "1", "a": "1"}, "unknown: a, b"),
        ({"scheduleId": "s", "jobId": "o"}, "missing: operationId; unknown: jobId"),
    ],
)
def test_missing_and_unknown_ids_are_named_beside_what_to_send(job, said):
    with pytest.raises(Problem) as caught:
        check_job(APIS["schedules"], job)

    assert caught.value.name == "wrong-job"
    assert caught.value.detail == f'For schedules send "job": {{"scheduleId": "<id>", "operationId": "<id>"}} ({said}).'


def test_ids_come_in_the_order_of_the_path():
    assert [*check_job(APIS["schedules"], {"operationId": "o", "scheduleId": "s"})] == ["scheduleId", "operationId"]


GUID = "CC3D35CC-416A-4262-9714-B359DA70B419"


@pytest.mark.parametrize(("name", "field"), [(api.name, field) for api in APIS.values() for field in api.fields])
@pytest.mark.parametrize("guid", [GUID, GUID.lower(), GUID.title()])
def test_a_guid_is_the_same_in_either_case_where_ids_are_guids(name, field, guid):
    api = APIS[name]
    job = dict.fromkeys(api.fields, "x") | {field: guid}

    assert check_job(api, job)[field] == (GUID.lower() if field in api.guids else guid)


@pytest.mark.parametrize("name", ["reporting", "carbon-ec3", "carbon-oneclicklca", "library"])
def test_ids_that_are_no_guids_in_general_keep_their_case(name):
    assert not APIS[name].guids


@pytest.mark.parametrize("job_id", ["configurations", "Configurations", "configurations "])
def test_a_word_that_is_no_id_is_refused(job_id):
    with pytest.raises(Problem) as caught:
        check_job(APIS["transformations"], {"transformationId": job_id})

    assert caught.value.name == "wrong-job"
    assert job_id in caught.value.detail


def test_such_a_word_may_be_written_as_the_page_has_it():
    with pytest.raises(Problem):
        check_job(replace(APIS["library"], reserved=frozenset({"Latest"})), {"jobId": "latest"})


@pytest.mark.parametrize(
    ("path", "job"),
    [
        ("namedversions/n", {"iModelId": "m", "namedVersionId": "n"}),
        ("changesets/7", {"iModelId": "m", "changesetId": "7"}),
    ],
)
def test_an_api_may_have_jobs_with_other_ids(path, job):
    api, found = locate(f"{ORIGIN}/imodels/m/{path}/checkpoint", ORIGIN)

    assert found == job
    assert asked(api, found) == f"/imodels/m/{path}/checkpoint"


def test_whoever_sends_neither_is_told_both():
    with pytest.raises(Problem) as caught:
        check_job(APIS["imodels-checkpoint"], {"iModelId": "m"})

    assert '{"iModelId": "<id>", "namedVersionId": "<id>"} or {"iModelId": "<id>", "changesetId"' in caught.value.detail


def test_another_url_of_a_job_names_it_and_is_not_asked():
    api, job = locate(f"{ORIGIN}/contextcapture/jobs/j/progress", ORIGIN)

    assert (api.name, asked(api, job)) == ("reality-modeling-v1", "/contextcapture/jobs/j")


@pytest.mark.parametrize(
    "text", ["ABC", GUID[:-1], GUID + "0", "{" + GUID + "}", GUID.replace("-", ""), "G" + GUID[1:]]
)
def test_an_id_that_is_no_guid_keeps_its_case(text):
    assert check_job(APIS["reality-analysis"], {"jobId": text}) == {"jobId": text}


PIECES = st.sampled_from(
    [
        *"/:@?#%[]\\.;&=+ \t\n\x00",
        "https",
        "http",
        "api.bentley.com",
        "443",
        "%2F",
        "..",
        "\ud800",
        "é",
        *PATH.split("/"),
    ]
)


@given(url=st.text() | st.lists(PIECES).map("".join) | st.lists(PIECES).map(lambda pieces: ORIGIN + "".join(pieces)))
@example(ORIGIN + "/schedules/a/operations/%")
def test_any_text_names_a_job_of_the_platform_or_is_a_problem(url):
    try:
        api, job = locate(url, ORIGIN)
    except Problem:
        return
    assert unquote(url).lower().endswith(unquote(asked(api, job)).lower())
