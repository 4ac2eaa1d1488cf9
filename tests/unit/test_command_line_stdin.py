"""`start -`: what the platform answered, from standard input."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itwin_job_watch.errors import JobWatchError
from itwin_job_watch.handed_over import LARGEST, members
from tests.command_line import WATCH, run, script

URL = "https://api.bentley.com/library/jobs/1"
RUN = "/export/connections/c/runs/r"
CREATE = "https://api.bentley.com/imodels/i/operations/create"
BODY = {"export": {"id": "m1", "status": "NotStarted"}}
JSON = json.dumps(BODY)

RESULTS = {"results": [{"status": 202, "watch": WATCH}]}


def started(given, *arguments):
    """What is asked of the app, without what every start has."""
    done, made = run(script(RESULTS), "start", *arguments, input=given)
    assert (done.exit_code, len(made)) == (0, 1), done.output
    (wanted,) = json.loads(made[0].content)["watches"]
    return {name: value for name, value in wanted.items() if name not in {"labels", "restart"}}


def http(*lines, body="", end="\r\n"):
    return end.join([*lines, "", ""]) + body


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize(
    ("blocks", "body", "found"),
    [
        ([["HTTP/1.1 201 Created", "Content-Type: application/json"]], JSON, {"response": BODY}),
        ([["HTTP/2 202 ", f"location: {RUN}"]], "", {"location": RUN}),
        ([["HTTP/2 202", f"LOCATION:{RUN}"]], "", {"location": RUN}),
        ([["HTTP/1.1 202 Accepted", f"Location:   {RUN} ", "Age: 0"]], "", {"location": RUN}),
        ([["HTTP/1.1 303 See Other", f"Location: {RUN}"]], "<html>See other</html>", {"location": RUN}),
        ([["HTTP/1.1 201 Created", f"Location: {RUN}"]], JSON, {"response": BODY, "location": RUN}),
        ([["HTTP/2 202", "location: /imodels/i", f"create-imodel-operation: {CREATE}"]], "", {"location": CREATE}),
        ([["HTTP/2 202", f"Create-iModel-Operation: {CREATE}", "Location: /imodels/i"]], "", {"location": CREATE}),
        ([["HTTP/1.1 100 Continue"], ["HTTP/1.1 202 Accepted", f"Location: {RUN}"]], "", {"location": RUN}),
        ([["HTTP/1.1 200 Connection established"], ["HTTP/2 201"]], JSON, {"response": BODY}),
        # curl -iL: of a redirect to the run there are its headers alone, and then the run.
        ([["HTTP/2 303", f"location: {RUN}"], ["HTTP/2 200"]], JSON, {"response": BODY, "location": RUN}),
        ([["HTTP/2 308", "location: /elsewhere"], ["HTTP/2 202", f"location: {RUN}"]], "", {"location": RUN}),
        ([["HTTP/2 307", "location: /x"], ["HTTP/2 404"], ["HTTP/2 202", f"location: {RUN}"]], "", {"location": RUN}),
    ],
)
def test_a_whole_answer_is_its_link_and_its_body(blocks, body, found, end):
    given = "".join(http(*block, end=end) for block in blocks) + body

    for surplus in ("", "\n", "\r\n\r\n"):
        assert started(given + surplus, "-") == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (JSON, {"response": BODY}),
        (json.dumps(BODY, indent=2) + "\n", {"response": BODY}),
        ("\ufeff" + JSON, {"response": BODY}),
        (JSON.encode("utf-16"), {"response": BODY}),
        ("{}", {"response": {}}),
        (URL, {"url": URL}),
        (f"  {URL}\r\n", {"url": URL}),
        (json.dumps(URL), {"url": URL}),  # jq without -r
        ("HTTPS" + URL[5:], {"url": "HTTPS" + URL[5:]}),
        ('{"error": null, "id": "j"}', {"response": {"error": None, "id": "j"}}),
        ('{"error": ["of access-control"]}', {"response": {"error": ["of access-control"]}}),
    ],
)
def test_a_body_alone_and_a_url_are_taken_too(given, found):
    assert started(given, "-") == found


def test_it_goes_with_all_options_and_other_urls():
    results = {"results": [{"watch": WATCH}, {"problem": {"detail": "which API?"}}]}

    done, made = run(
        script(results), "start", "https://a/1", "-", "--label", "x", "--deadline", "P1D", "--restart", input=JSON
    )

    common = {"labels": ["x"], "restart": True, "deadline": "P1D"}
    assert json.loads(made[0].content)["watches"] == [{"url": "https://a/1"} | common, {"response": BODY} | common]
    assert done.stderr == "standard input: which API?\n"
    assert done.exit_code == 1


@pytest.mark.parametrize("given", [JSON, http("HTTP/1.1 202 Accepted", body=JSON)])
def test_the_api_is_named_beside_it(given):
    assert started(given, "-", "--api", "mesh-export") == {"response": BODY, "api": "mesh-export"}


ERROR = '{"error": {"code": "ExportInProgress", "message": "One at a\\ntime.", "target": null}}'


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "it is empty: did the command before it fail?"),
        (" \r\n", "it is empty"),
        ("\ufeff", "it is empty"),
        ("<html><h1>Sign in</h1></html>", "it is HTML"),
        ("\n<!DOCTYPE html>", "it is HTML"),
        (f"< HTTP/2 202 \n< location: {RUN}\n<", "an answer with its headers (`curl -i`)"),
        (http("HTTP/1.1 200 OK", "Content-Type: text/html", body="<html>"), "it is HTML"),
        (http("HTTP/1.1 202 Accepted"), "it has neither a JSON object nor a header Location"),
        (http("HTTP/1.1 202 Accepted", "Location:"), "it has neither"),
        (http("HTTP/1.1 200 OK", body="[]"), "it has neither"),
        (http("HTTP/1.1 200 OK", body=URL), "it has neither"),
        (ERROR, "it is an error, and no job: ExportInProgress One at a time."),
        (http("HTTP/1.1 409 Conflict", body=ERROR), "it is an error, and no job: HTTP 409 ExportInProgress One at a"),
        (http("HTTP/1.1 409 Conflict", f"Location: {RUN}"), "HTTP 409"),
        (http("HTTP/2 502", body="<html>s3cret</html>"), "it is an error, and no job: HTTP 502\n"),
        (http("HTTP/2 200", body=ERROR), "it is an error"),
        (http("HTTP/2 308", f"location: {RUN}") + http("HTTP/2 403", body=ERROR), "HTTP 403"),
        ('{"error": {}}', "it does not say why"),
        ('{"error": {"code": 7, "message": ["s3cret"]}}', "it does not say why"),
        ('{"error": {"message": "' + "x" * 5000 + '"}}', ": " + "x" * 300 + "\n"),
        ('{"error": {"message": "\\u001b[2J"}}', "?[2J"),
        ("null", "it is neither a JSON object"),
        ("[]", "it is neither a JSON object"),
        ('"j1"', "it is neither a JSON object"),
        ("7", "it is neither a JSON object"),
        ("{", "it is neither a JSON object"),
        ('{"a": NaN}', "it is neither a JSON object"),
        ('{"a": 1e999}', "it is neither a JSON object"),
        ('{"a": "\\ud800"}', "it is neither a JSON object"),
        ("[" * 100_000, "it is neither a JSON object"),
        (f"{URL}\n{URL}", "nor one URL"),
        ("/library/jobs/1", "nor one URL"),
        ("curl: (6) Could not resolve host", "nor one URL"),
        (b"\xff\xfe\xfd", "nor one URL"),
        (b"\x1f\x8b\x08\x00", "nor one URL"),
        ("HTTP/1.1 abc\r\n\r\n{}", "nor one URL"),
        (http("HTTP/1.1 202 Accepted", *["X: y"] * 200), "its headers are too many"),
        (http("HTTP/1.1 202 Accepted", "X: " + "y" * 70_000), "its headers are too many, or too long"),
        ("x" * (LARGEST + 1), "it has over 128 KiB"),
    ],
)
def test_what_names_no_job_is_said_in_one_line_and_starts_nothing(given, says):
    done, made = run(script(RESULTS), "start", "-", "https://a/1", input=given)

    assert (made, done.exit_code, done.stdout) == ([], 1, "")
    assert done.stderr.startswith("Error: standard input: ")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert "s3cret" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "given", "says"),
    [
        (["-", "-"], JSON, "Give - once"),
        (["https://a/1", "--api", "library"], JSON, "--api goes with -"),
        (["-", "--api", "library"], URL, "leave out --api"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments, given, says):
    done, made = run(script(RESULTS), "start", *arguments, input=given)

    assert (made, done.exit_code) == ([], 2)
    assert says in done.stderr


def test_its_help_says_so():
    done, _ = run(script(RESULTS), "start", "--help")

    assert "standard input" in done.stdout
    assert "--api NAME" in done.stdout


@given(st.binary() | st.text().map(str.encode) | st.builds(lambda body: b"HTTP/1.1 200 OK\r\n" + body, st.binary()))
def test_any_bytes_are_members_of_a_start_or_an_error(answer):
    try:
        found = members(answer)
    except JobWatchError:
        return
    json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
