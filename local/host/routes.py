"""Routes of HTTP triggers: ASP.NET Core's route templates, as far as function apps use them.

A template is literal segments, ``{name}``, ``{name:constraint}``, ``{name?}`` and, last, ``{*name}``.
https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from local.host.functions import CannotStartError, Function

_PARAMETER = re.compile(r"\{(?P<catch_all>\*{0,2})(?P<name>[A-Za-z_]\w*)(?P<constraints>(?::\w+)*)(?P<optional>\??)\}")
_CONSTRAINTS = {
    "alpha": r"[a-z]+",
    "bool": r"true|false",
    "guid": r"[{(]?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}[)}]?",
    "int": r"[+-]?[0-9]{1,10}",
    "long": r"[+-]?[0-9]{1,19}",
}


class _Rank(NamedTuple):
    """Where a segment sorts, least first: kind of segment, literal text, constraints."""

    kind: int
    text: str = ""
    constraints: int = 0


class Match(NamedTuple):
    """The function that a request is for, and the values of its route's parameters."""

    function: Function
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP trigger's template and methods."""

    function: Function
    methods: frozenset[str]  #: empty: all
    pattern: re.Pattern[str]
    rank: Sequence[_Rank]

    @classmethod
    def of(cls, function: Function, prefix: str) -> Route:
        """Read the route from the function's HTTP trigger; it is the function's name if it gives none."""
        trigger = function.trigger
        template = "/".join(part for part in (prefix.strip("/"), trigger.get("route") or function.name) if part)
        pattern, rank = "", list[_Rank]()
        for segment in template.strip("/").split("/"):
            part, order = _segment(function, segment)
            pattern += part
            rank.append(order)
        methods = frozenset(str(method).upper() for method in trigger.get("methods") or ())
        # Literals match in any case, and a slash at the end is forgiven, as in ASP.NET Core.
        return cls(function, methods, re.compile(pattern + "/?", re.IGNORECASE), [*rank, _SHORTER_LAST])


class Routes:
    """All routes of an app."""

    def __init__(self, functions: Iterable[Function], prefix: str) -> None:
        self._routes = sorted(
            (Route.of(function, prefix) for function in functions), key=lambda route: tuple(route.rank)
        )

    def find(self, method: str, raw_path: str) -> Match | None:
        """Whose request this is.  The method is part of the route: with a wrong one a route is not found (404).

        WebScriptHostHttpRoutesManager.cs adds the methods as an HttpMethodRouteConstraint, so there is no 405.
        """
        path = "/".join(_decode(segment) for segment in raw_path.split("/"))
        for route in self._routes:
            if (not route.methods or method in route.methods) and (found := route.pattern.fullmatch(path)):
                return Match(route.function, {name: value for name, value in found.groupdict().items() if value})
        return None


#: The order of WebJobsRouteBuilder.RouteComparison: literals before parameters, parameters with more constraints
#: before those with fewer, longer routes before shorter ones.
_SHORTER_LAST = _Rank(2)


def _segment(function: Function, segment: str) -> tuple[str, _Rank]:
    """The pattern and the rank of one segment."""
    if "{" not in segment:
        return "/" + re.escape(segment), _Rank(0, text=segment.lower())
    if not (parameter := _PARAMETER.fullmatch(segment)):
        raise CannotStartError(f"function {function.name}: this host cannot route {segment!r}")
    constraints = parameter["constraints"].split(":")[1:]
    if unknown := set(constraints) - set(_CONSTRAINTS):
        raise CannotStartError(f"function {function.name}: this host does not know the constraint {min(unknown)!r}")
    allowed = "".join(f"(?=(?:{_CONSTRAINTS[name]})(?:/|$))" for name in constraints)
    value = r"[\s\S]*" if parameter["catch_all"] else "[^/]+"
    pattern = f"/{allowed}(?P<{parameter['name']}>{value})"
    if parameter["optional"] or parameter["catch_all"]:
        pattern = f"(?:{pattern})?"
    return pattern, _Rank(1, constraints=-len(constraints))


def _decode(segment: str) -> str:
    """Percent-decode as Kestrel does: all but an encoded slash, which would change the route."""
    return "%2F".join(unquote(part) for part in re.split("%2F", segment, flags=re.IGNORECASE))
