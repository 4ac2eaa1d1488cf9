"""The OpenAPI document: valid, and complete."""

import json

from openapi_spec_validator import validate

from shared.web.openapi import document
from shared.web.operations import OPERATIONS


def test_it_is_valid_and_describes_each_operation():
    described = document(OPERATIONS, "1.2.3")

    validate(described)
    assert described["info"]["version"] == "1.2.3"
    for operation in OPERATIONS:
        found = described["paths"][f"/{operation.path}"][operation.method.lower()]
        assert {int(status) for status in found["responses"]} >= set(operation.replies)


def test_each_problem_that_an_operation_names_is_among_its_responses():
    described = document(OPERATIONS, "1.2.3")

    for operation in OPERATIONS:
        text = json.dumps(described["paths"][f"/{operation.path}"][operation.method.lower()])
        for name in operation.problems:
            assert name in text, (operation.name, name)
