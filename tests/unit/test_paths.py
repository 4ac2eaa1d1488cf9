"""Templates of status URLs: what is filled in is read again, and nothing else fits."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.apis import APIS
from shared.core.paths import fields, fill, is_broken, match

DIFF = "/changedelements/diff/{jobId}?iTwinId={iTwinId}&iModelId={iModelId}"
RUN = "/synchronization/imodels/storageconnections/{connectionId}/runs/{runId}"
TEMPLATES = [path for api in APIS.values() for path in api.paths]
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def read(template, url):
    parts = urlsplit(url)
    return match(template, parts.path, parts.query)


@given(template=st.sampled_from(TEMPLATES), ids=st.lists(IDS, min_size=3, max_size=3))
def test_what_is_filled_in_is_read_again(template, ids):
    job = dict(zip(fields(template), ids, strict=False))

    path, _, query = fill(template, job).partition("?")

    assert match(template, path, query) == job


@pytest.mark.parametrize(
    ("template", "url", "ids"),
    [
        (RUN, "/synchronization/imodels/storageConnections/_a-B9/runs/0aF", ["_a-B9", "0aF"]),
        (RUN, "/SYNCHRONIZATION/iModels/storageconnections/a%2Fb/Runs/c", ["a/b", "c"]),
        ("/library/jobs/{jobId}", "/Library/jobs/2517_eAA-c", ["2517_eAA-c"]),
        (DIFF, "/changedelements/diff/1?iTwinId=2&iModelId=3", ["1", "2", "3"]),
        (DIFF, "/changedelements/diff/1?iModelId=3&iTwinId=2", ["1", "2", "3"]),
        (DIFF, "/changedElements/diff/1?imodelid=3&ITWINID=2", ["1", "2", "3"]),
        (DIFF, "/changedelements/diff/1?iTwinId=a%26b%3D&iModelId=%2F", ["1", "a&b=", "/"]),
    ],
)
def test_letter_case_counts_in_ids_only_and_parameters_have_no_order(template, url, ids):
    assert [*(read(template, url) or {}).values()] == ids


@pytest.mark.parametrize(
    "url",
    [
        "/changedelements/diff/1",
        "/changedelements/diff/1?",
        "/changedelements/diff/1?iTwinId=2",
        "/changedelements/diff/1?iTwinId=2&iTwinId=3",
        "/changedelements/diff/1?iTwinId=2&iModelId=3&iModelId=3",
        "/changedelements/diff/1?iTwinId=2&iModelId=3&more=4",
        "/changedelements/diff/1?iTwinId=2;iModelId=3",
        "/changedelements/diff/1/?iTwinId=2&iModelId=3",
        "/changedelements/di%66f/1?iTwinId=2&iModelId=3",
        "/changedelements/di\uff46f/1?iTwinId=2&iModelId=3",
    ],
)
def test_parameters_that_are_missing_twice_or_too_many_do_not_fit(url):
    assert read(DIFF, url) is None


@pytest.mark.parametrize("query", ["x=1", "&", "jobId=1"])
def test_a_template_without_a_query_has_none(query):
    assert match("/library/jobs/{jobId}", "/library/jobs/1", query) is None


def test_the_query_of_another_path_is_not_read():
    """It may have thousands of parameters, and all templates are tried; this one could not even be read."""
    assert read(DIFF, "/another/diff/1?iTwinId=%ff&iModelId=3") is None


def test_what_is_not_utf_8_is_an_error():
    with pytest.raises(ValueError, match="decode"):
        read(DIFF, "/changedelements/diff/1?iTwinId=%ff&iModelId=3")
    with pytest.raises(ValueError, match="decode"):
        read(RUN, "/synchronization/imodels/storageconnections/%ff/runs/1")


@pytest.mark.parametrize(
    ("text", "broken"), [("%", True), ("a%2", True), ("%zz", True), ("%u20AC", True), ("%2F%ff", False), ("a", False)]
)
def test_a_percent_sign_that_encodes_nothing_is_found(text, broken):
    assert is_broken(text) is broken


def test_a_parameter_without_an_id_has_one_value():
    template = "/mesh-export/{exportId}?cdn=1"

    assert read(template, "/mesh-export/a?CDN=1") == {"exportId": "a"}
    assert read(template, "/mesh-export/a?cdn=2") is None
