"""The exchanges file of a new API: what its page is bound to say, and marks where it must be read for the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.api.plan import Plan
from shared.core import paths

#: Ids that must stay one segment of the path: a slash, a percent sign, and what needs no encoding.
OPAQUE = ("a/b%", "_-~.", "9jAiXGGEzkGzu1xRdWs8p8IwwuQOPwlHvZVFg9KJJX4")

#: Of every page: https://developer.bentley.com/apis/overview/error-codes, and "Response 429 Too many requests".
NO_TOKEN = ("HeaderNotFound", "Header Authorization was not found in the request. Access denied.")
TOO_MANY = ("TooManyRequests", "More requests were received than the subscription rate-limit allows.")


def exchanges(plan: Plan) -> str:
    """Return the text of `tests/contract/exchanges/NAME.json`."""
    headers = {"Accept": f"application/vnd.bentley.itwin-platform.v{plan.version}+json"}
    members: dict[str, Any] = {
        "source": plan.source,
        "job": plan.job,
        "asks": {"path": paths.fill(plan.path, plan.job), "headers": headers},
        "opaque": [_opaque(plan, text) for text in OPAQUE],
        "answers": [*(_word(plan, word) for word in plan.words), *_faults(plan)],
    }
    return _text(members)


def body(plan: Plan, word: str) -> Any:
    """Return an answer that has the status word in its place, and nothing else."""
    said: Any = word
    for key in reversed(plan.status_at.split(".")):
        said = {key: said}
    return said


def _opaque(plan: Plan, text: str) -> dict[str, Any]:
    job = dict.fromkeys(paths.fields(plan.path), text)
    return {"job": job, "path": paths.fill(plan.path, job)}


def _word(plan: Plan, word: str) -> dict[str, Any]:
    meaning = plan.words[word]
    outcome = None if meaning == "running" else meaning
    says = f"TODO: {word}, with the body of the page's example"
    return {"says": says, "body": body(plan, word), "sees": {"outcome": outcome, "status": word, "known": True}}


def _faults(plan: Plan) -> list[dict[str, Any]]:
    nothing = {"reason": f"HTTP 200 without {plan.status_at}", "status": None, "failing": "answer"}
    return [
        {"says": "a list", "body": [1, 2], "sees": nothing},
        _fault("401, no or a bad token", {"status": 401}, NO_TOKEN, {"lasting": None, "throttled": False}),
        _fault("404", {"status": 404}, ("TODO", "TODO: in the page's words"), {"lasting": "lost"}),
        _fault(
            "429 with seconds to wait",
            {"status": 429, "headers": {"retry-after": "42"}},
            TOO_MANY,
            {"lasting": None, "throttled": True, "retry_after": 42},
        ),
    ]


def _fault(says: str, answer: Mapping[str, Any], error: tuple[str, str], sees: Mapping[str, Any]) -> dict[str, Any]:
    code, message = error
    return {
        "says": says,
        **answer,
        "body": {"error": {"code": code, "message": message}},
        "sees": {"fault": f"HTTP {answer['status']} {code}: {message}", **sees},
    }


def _text(members: Mapping[str, Any]) -> str:
    """Write it as the other files are: a member a line, an answer in as many lines as it has members."""
    parts = [f"  {json.dumps(name)}: {_value(name, value)}" for name, value in members.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _value(name: str, value: Any) -> str:
    if name == "opaque":
        return "[\n" + ",\n".join(f"    {json.dumps(one)}" for one in value) + "\n  ]"
    if name == "answers":
        return "[\n" + ",\n".join(_answer(one) for one in value) + "\n  ]"
    return json.dumps(value)


def _answer(answer: Mapping[str, Any]) -> str:
    lines = [f"      {json.dumps(name)}: {json.dumps(value)}" for name, value in answer.items()]
    return "    {\n" + ",\n".join(lines) + "\n    }"
