"""Types of arguments and options, and what a shell completes them to."""

from __future__ import annotations

from typing import Any

from click import Context, Parameter
from click.shell_completion import CompletionItem
from click.types import StringParamType

from itwin_job_watch.api_names import API_NAMES


class _Text(StringParamType):
    """A text that says something: an empty one is mostly a variable that nobody has set."""

    def convert(self, value: Any, param: Parameter | None, ctx: Context | None) -> str:
        if not (text := str(super().convert(value, param, ctx))).strip():
            self.fail("it is empty.", param, ctx)
        return text


class _ApiName(_Text):
    """The name of an API.  The app decides which it knows: it may be newer."""

    def shell_complete(self, ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        return [CompletionItem(name) for name in API_NAMES if name.startswith(incomplete)]


TEXT, API = _Text(), _ApiName()
