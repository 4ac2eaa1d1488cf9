"""What must hold of the values in `shared/apis`, all together."""

import re
from itertools import combinations

import pytest

from local.api.plan import collide
from shared.apis import APIS
from shared.core import paths
from shared.core.model import Outcome
from shared.core.remote import ENDED, RUNNING, RemoteApi

each_api = pytest.mark.parametrize("api", APIS.values(), ids=APIS)

TEMPLATES = [(api, path) for api in APIS.values() for path in api.paths]

#: Each word that the pages and Bentley's clients have, where it means the same in all APIs that have it.
EVERYWHERE = {
    RUNNING: "Active Queued Running Started Created Initializing InProgress NotStarted scheduled waitingForFile"
    " notGenerated unsubmitted Unknown TerminatingOnCancel TerminatingOnFailure PendingCancel Idle WaitingToExecute"
    " WaitingToRetry Executing Finalizing",
    Outcome.SUCCEEDED: "Complete Success Succeeded successful",
    Outcome.PARTIAL: "PartialCompleted PartiallySucceeded PartialSuccess",
    Outcome.FAILED: "Failed Error Invalid TimedOut mainIModelIsMissingFederationGuids",
    Outcome.CANCELLED: "Cancelled Canceled",
}


def overlaps(templates):
    return [
        (one, other)
        for (api, one), (api_2, other) in combinations(templates, 2)
        if collide(one, other)
        and not any(word in path for word in api.reserved | api_2.reserved for path in (one, other))
    ]


def test_no_url_fits_two_templates():
    assert overlaps(TEMPLATES) == []


@pytest.mark.parametrize("path", ["/transformations/{x}", "/{x}/{y}", "/MESH-EXPORT/{id}", "/contextcapture/{x}/{y}"])
def test_a_template_that_shares_urls_with_another_is_found(path):
    assert overlaps([*TEMPLATES, (APIS["reporting"], path)])


@each_api
def test_letter_case_separates_no_two_meanings(api):
    for vocabulary in (api.vocabulary, api.results):
        assert len({word.casefold() for word in vocabulary}) == len(vocabulary)


@each_api
def test_a_second_word_is_asked_for_where_the_first_leaves_it_open(api):
    assert (ENDED in api.vocabulary.values()) == bool(api.results) == bool(api.result_at)


@each_api
def test_a_job_can_end_well_or_badly(api):
    ends = {*api.vocabulary.values(), *api.results.values()}

    assert {Outcome.SUCCEEDED, Outcome.FAILED} <= ends


@each_api
def test_a_word_means_the_same_wherever_it_means_one_thing(api):
    meanings = {word.casefold(): meaning for meaning, words in EVERYWHERE.items() for word in words.split()}

    for word, meaning in {**api.vocabulary, **api.results}.items():
        assert meaning == meanings.get(word.casefold(), meaning), word


@each_api
def test_ids_are_named_alike(api):
    """A field that no template has, or in another spelling, would never be filled."""
    ids = [{*paths.fields(path)} for path in api.paths]
    fields = set[str]().union(*ids)

    assert api.guids <= fields
    assert {*api.ids_at} in (set(), {*api.fields})
    assert api.evidence is None or all({*paths.fields(api.evidence.path)} <= each for each in ids)
    assert all(re.fullmatch("[a-z]+([A-Z][a-z]+)*", field) for field in fields)


@each_api
def test_what_is_no_id_is_in_lower_case(api):
    """As it is compared."""
    assert [word for word in api.reserved if word != word.lower()] == []


def test_another_path_with_the_same_ids_is_not_asked_itself():
    api = RemoteApi(
        name="x", path="/a/{i}", other_paths=("/a/{i}/more", "/b/{j}"), headers={}, status_at="s", vocabulary={}
    )

    assert [api.path_of(job) for job in ({"i": "1"}, {"j": "1"}, {"k": "1"})] == ["/a/{i}", "/b/{j}", None]
