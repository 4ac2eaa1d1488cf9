"""The OpenAPI document, generated from the operations and the models of their bodies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from shared.web.operations import ALWAYS, Header, Operation, Reply
from shared.web.problems import KINDS, TYPE

REF = "#/components/schemas/{model}"

#: On every response of the app itself.
REQUEST_ID = Header("echoed from the request, or generated")

PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "enum": [TYPE + name for name in KINDS]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong and what to send instead"},
        "errors": {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "string"}}},
    },
}


def document(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """Return the document."""
    wanted: set[tuple[type[BaseModel], JsonSchemaMode]] = set()
    for operation in operations:
        wanted |= {(model, "validation") for model in operation.bodies}
        wanted |= {(model, "serialization") for reply in operation.replies.values() for model in _models(reply)}
    ordered = sorted(wanted, key=lambda pair: (pair[0].__name__, pair[1]))
    _, schemas = models_json_schema(ordered, ref_template=REF)
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(f"/{operation.path}", {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "iTwin Job Watch",
            "version": version,
            "description": "Watches long-running jobs of the Bentley iTwin Platform to their end.",
        },
        "servers": [{"url": "/api"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"] | {"Problem": PROBLEM},
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-functions-key"}},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.operation_id or operation.name,
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation), *_query_parameters(operation), *_header_parameters(operation)],
        "responses": _responses(operation),
    }
    if operation.bodies:
        refs = [{"$ref": REF.format(model=model.__name__)} for model in operation.bodies]
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": {"anyOf": refs}, "examples": _examples(operation.examples)}},
        }
    return described if operation.takes_key else described | {"security": []}


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    if "{id}" not in operation.path:
        return []
    return [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    """Describe each field as a parameter.  An optional one may be absent, but not null."""
    schema = operation.query.model_json_schema()
    defs = schema.get("$defs", {})
    parameters = []
    for name, found in schema.get("properties", {}).items():
        own = {key: value for key, value in found.items() if key not in {"anyOf", "title", "description", "default"}}
        for choice in found.get("anyOf", []):
            if choice.get("type") != "null":
                own = {**choice, **own}
        if "$ref" in own:
            own = {key: value for key, value in defs[own["$ref"].rpartition("/")[2]].items() if key != "title"}
        default = {"default": found["default"]} if found.get("default") is not None else {}
        described = {"description": found["description"]} if "description" in found else {}
        parameters.append({"name": name, "in": "query", "required": False, **described, "schema": own | default})
    return parameters


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "required": False, "description": h.description, "schema": dict(h.schema)}
        for name, h in operation.headers.items()
    ]


def _responses(operation: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {str(status): _reply(reply) for status, reply in operation.replies.items()}
    if operation.takes_key:
        responses["401"] = {"description": "the key is missing or wrong; the Functions host responds, without a body"}
    # A 401 has no content here, though a problem's has: the host's own has none, and OpenAPI cannot say "or none".
    for name in (*operation.problems, *(ALWAYS if operation.takes_key else ())):
        status, title = KINDS[name]
        response = responses.setdefault(str(status), _problem_response())
        response["description"] += f"{'; ' if response['description'] else ''}`{name}`: {title}"
    return responses


def _problem_response() -> dict[str, Any]:
    return {
        "description": "",
        "headers": _headers({"X-Request-Id": REQUEST_ID}),
        "content": {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}},
    }


def _reply(reply: Reply) -> dict[str, Any]:
    refs: list[dict[str, Any]] = [{"$ref": REF.format(model=model.__name__)} for model in _models(reply)]
    schema = {"type": "object"} if not refs else refs[0] if len(refs) == 1 else {"anyOf": refs}
    return {
        "description": reply.description,
        "headers": _headers({"X-Request-Id": REQUEST_ID, **reply.headers}),
        "content": {"application/json": {"schema": schema, "examples": _examples(reply.examples)}},
    }


def _models(reply: Reply) -> list[type[BaseModel]]:
    if reply.model is None:
        return []
    return [reply.model] if isinstance(reply.model, type) else list(reply.model)


def _headers(headers: dict[str, Header]) -> dict[str, Any]:
    return {name: {"description": h.description, "schema": dict(h.schema)} for name, h in headers.items()}


def _examples(examples: Any) -> dict[str, Any]:
    return {name: {"value": value} for name, value in examples.items()}
