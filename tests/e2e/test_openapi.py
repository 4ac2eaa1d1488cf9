"""The API's description of itself: valid, true, and withstood by a fuzzer."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from openapi_spec_validator import validate

from local.setup.bootstrap import ROOT
from shared.web.operations import OPERATIONS, START

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


def kinds(value):
    """What a JSON value is made of; null stands for anything."""
    match value:
        case dict():
            return {name: kinds(inner) for name, inner in value.items()}
        case list():
            return [kinds(inner) for inner in value]
    return type(value)


def alike(one, other):
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)
        case list(), list():
            return True
        case (None, _) | (_, None):
            return True
    return type(one) is type(other)


@pytest.fixture
def document(app):
    return app.get("/openapi.json").json()


def test_it_is_valid(document):
    validate(document)
    assert document["openapi"].startswith("3.1")


def test_it_describes_what_is_served(document):
    assert {(path, method) for path, item in document["paths"].items() for method in item} == {
        (f"/{operation.path}", operation.method.lower()) for operation in OPERATIONS
    }


@pytest.mark.parametrize("name", ["one", "several"])
def test_the_examples_of_a_start_are_answered_as_they_say(app, name):
    body = START.examples[name]
    if name == "one":
        body = body | {"job": {"jobId": f"forever-{uuid4()}"}}

    answer = app.post("/watches", json=body)

    expected = START.replies[answer.status_code].examples[name]
    assert answer.status_code in {200, 202}
    if name == "one":
        assert alike(expected, answer.json())
    else:
        for one, other in zip(expected["results"], answer.json()["results"], strict=True):
            assert set(one) == set(other)
            assert alike(one.get("problem"), other.get("problem"))
            assert alike(one.get("watch"), other.get("watch"))


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.method != "POST"], ids=lambda one: one.name)
def test_the_examples_are_what_is_answered(app, operation):
    watch = app.post("/watches", json={"api": "reporting", "job": {"jobId": f"forever-{uuid4()}"}}).json()

    answer = app.request(operation.method, "/" + operation.path.replace("{id}", watch["id"]))

    assert answer.status_code == 200, answer.text
    for example in operation.replies[200].examples.values():
        assert alike(example, answer.json())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[("PUT", "/watches"), ("POST", "/watches/x"), ("PATCH", "/health"), ("POST", "/"), ("OPTIONS", "/watches")],
        *[("GET", "/nowhere"), ("GET", "/watches/x/y"), ("HEAD", "/nowhere")],
    ],
)
def test_what_nobody_serves_is_the_hosts_own_404(app, method, path):
    answer = app.request(method, path)

    assert (answer.status_code, answer.content) == (404, b"")
    assert "x-request-id" not in answer.headers  # no function ran


def test_head_is_served_wherever_get_is(app):
    watch = app.post("/watches", json={"api": "reporting", "job": {"jobId": f"forever-{uuid4()}"}}).json()
    paths = [operation.path.replace("{id}", watch["id"]) for operation in OPERATIONS if operation.method == "GET"]

    for path in ["", *paths]:
        get, head = app.get(f"/{path}"), app.head(f"/{path}")
        assert (head.status_code, head.content) == (get.status_code, b"") == (200, b"")
        assert head.headers["content-type"] == get.headers["content-type"]


def test_a_fuzzer_finds_nothing(parts, tmp_path):
    """All checks are on by default, but for what schemathesis.toml says."""
    command = [str(SCHEMATHESIS), "--config-file", str(ROOT / "schemathesis.toml"), "run"]
    command += [f"{parts.url}/api/openapi.json", "--seed", "1"]
    command += ["--max-examples", "8", "--header", f"x-functions-key: {parts.key}", "--request-timeout", "70"]
    command += ["--no-color"]

    done = subprocess.run(
        command,
        cwd=tmp_path,  # where it keeps what it found
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )

    assert done.returncode == 0, done.stdout.partition("FAILURES")[2][:4000] + done.stdout[-1000:] + done.stderr[-1000:]
