"""Routes of HTTP triggers: the subset of ASP.NET Core's route templates that function apps use.

A template is literal segments, ``{name}``, ``{name:constraint}``, ``{name?}`` and, last, ``{*name}``.
https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates

Routes are tried in the order of their functions' names, and the first match wins: a literal has no precedence over a
parameter.  Host 4.1037 with Microsoft.Azure.WebJobs.Extensions.Http 3.2.0 was observed to do the same;
https://github.com/Azure/azure-functions-host/issues/3153 reports it too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from local.host.functions import CannotStartError, Function

_PARAMETER = re.compile(
    r"\{(?P<catch_all>\*{0,2})(?P<name>[A-Za-z_]\w*)(?P<constraints>(?::\w+(?:\([0-9]+\))?)*)(?P<optional>\??)\}"
)

#: Patterns of constraints; `{}` is the constraint's argument.
_CONSTRAINTS = {
    "alpha": r"[a-z]+",
    "bool": r"true|false",
    "guid": r"[{(]?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}[)}]?",
    "int": r"[+-]?[0-9]{1,10}",
    "long": r"[+-]?[0-9]{1,19}",
    "maxlength()": r"[^/]{0,%s}",
}


class Match(NamedTuple):
    """The function for a request, and the values of its route parameters."""

    function: Function
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP trigger's template and methods."""

    function: Function
    methods: frozenset[str]  #: empty: all
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, function: Function, prefix: str) -> Route:
        """Read the route of the function's HTTP trigger; the default is the function's name."""
        trigger = function.trigger
        template = "/".join(part for part in (prefix.strip("/"), trigger.get("route") or function.name) if part)
        pattern = "".join(_segment(function, segment) for segment in template.strip("/").split("/"))
        methods = frozenset(str(method).upper() for method in trigger.get("methods") or ())
        # Literals match case-insensitively, and a trailing slash is ignored, as in ASP.NET Core.
        return cls(function, methods, re.compile(pattern + "/?", re.IGNORECASE))


class Routes:
    """All routes of an app."""

    def __init__(self, functions: Iterable[Function], prefix: str) -> None:
        # StringComparer.OrdinalIgnoreCase compares in upper case: FunctionMetadataManager.cs.
        by_name = sorted(functions, key=lambda function: function.name.upper())
        self._routes = [Route.of(function, prefix) for function in by_name]

    def find(self, method: str, path: str) -> Match | None:
        """Return the match; `path` is decoded.  A wrong method does not match (404, not 405).

        WebScriptHostHttpRoutesManager.cs adds the methods as an HttpMethodRouteConstraint.  HEAD is no exception.
        """
        for route in self._routes:
            if (not route.methods or method in route.methods) and (found := route.pattern.fullmatch(path)):
                return Match(route.function, {name: value for name, value in found.groupdict().items() if value})
        return None


def _segment(function: Function, segment: str) -> str:
    """Return the pattern of one segment, never empty except after a trailing slash (RoutePatternMatcher.cs)."""
    if "{" not in segment:
        return "/" + re.escape(segment)
    parameter = _PARAMETER.fullmatch(segment)
    if not parameter or (parameter["catch_all"] and parameter["constraints"]):
        raise CannotStartError(f"function {function.name}: this host cannot route {segment!r}")
    constraints = [_constraint(function, written) for written in parameter["constraints"].split(":")[1:]]
    allowed = "".join(f"(?=(?:{constraint})(?:/|$))" for constraint in constraints)
    value = r"[^/][\s\S]*" if parameter["catch_all"] else "[^/]+"
    pattern = f"/{allowed}(?P<{parameter['name']}>{value})"
    return f"(?:{pattern})?" if parameter["optional"] or parameter["catch_all"] else pattern


def _constraint(function: Function, written: str) -> str:
    """Return the pattern of the constraint."""
    name, _, argument = written.removesuffix(")").partition("(")
    if not (pattern := _CONSTRAINTS.get(f"{name}()" if argument else name)):
        raise CannotStartError(f"function {function.name}: this host does not know the constraint {written!r}")
    return pattern.replace("%s", argument)
