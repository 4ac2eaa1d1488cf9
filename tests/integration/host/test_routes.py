"""Which function a request is for."""

import pytest

from local.host.functions import CannotStartError, Function
from local.host.routes import Routes


def function(name, route=None, methods=()):
    trigger = {"type": "httpTrigger", "direction": "IN", "name": "req", "methods": list(methods)}
    return Function(name, [{**trigger, "route": route} if route else trigger])


def find(routes, path, method="GET", prefix="api"):
    """The function's name and the parameters, or None."""
    functions = [function(f"f{number}", route) for number, route in enumerate(routes)]
    found = Routes(functions, prefix).find(method, path)
    return found and (found.function.name, dict(found.values))


@pytest.mark.parametrize(
    ("route", "path", "values"),
    [
        ("watches", "/api/watches", {}),
        ("watches", "/API/Watches/", {}),
        ("watches", "/watches", None),
        ("watches", "/api/watches/1", None),
        ("watches", "/api/watchesx", None),
        ("w.tches", "/api/watches", None),
        ("watches/{id}", "/api/watches/1", {"id": "1"}),
        ("watches/{id}", "/api/watches/A%20b%C3%A9", {"id": "A bé"}),
        ("watches/{id}", "/api/watches/a%2Fb", {"id": "a%2Fb"}),
        ("watches/{id}", "/api/watches", None),
        ("watches/{id}/log", "/api/watches/1/log", {"id": "1"}),
        ("watches/{id?}", "/api/watches", {}),
        ("watches/{id?}", "/api/watches/1", {"id": "1"}),
        ("watches/{*rest}", "/api/watches", {}),
        ("watches/{*rest}", "/api/watches/1/log", {"rest": "1/log"}),
        ("{a}/{b}", "/api/x/y", {"a": "x", "b": "y"}),
        ("n/{n:int}", "/api/n/-12", {"n": "-12"}),
        ("n/{n:int}", "/api/n/12a", None),
        ("n/{n:int?}", "/api/n", {}),
        ("g/{g:guid}", "/api/g/3F2504E0-4F89-11D3-9A0C-0305E82C3301", {"g": "3F2504E0-4F89-11D3-9A0C-0305E82C3301"}),
        ("g/{g:guid}", "/api/g/3F2504E0-4F89", None),
        ("{a:alpha}/{b}", "/api/x/1", {"a": "x", "b": "1"}),
        ("{a:alpha}/{b}", "/api/1/x", None),
    ],
)
def test_a_template_matches(route, path, values):
    assert find([route], path) == (None if values is None else ("f0", values))


@pytest.mark.parametrize(
    ("routes", "path", "winner"),
    [
        (["w/{id}", "w/new"], "/api/w/new", "f1"),
        (["w/{id}", "w/new"], "/api/w/old", "f0"),
        (["w/{id}", "w/{id:int}"], "/api/w/1", "f1"),
        (["{*all}", "w"], "/api/w", "f1"),
        (["w/{id?}", "w/{id}/{part?}"], "/api/w/1", "f1"),
    ],
)
def test_the_more_specific_route_wins(routes, path, winner):
    found = find(routes, path)
    assert found
    assert found[0] == winner


def test_a_route_is_the_functions_name_if_it_has_none():
    assert Routes([function("start_watch")], "api").find("GET", "/api/start_watch")


@pytest.mark.parametrize(("prefix", "path"), [("", "/w"), ("v1/x", "/v1/x/w")])
def test_the_prefix_is_host_jsons(prefix, path):
    assert find(["w"], path, prefix=prefix)
    assert not find(["w"], "/api/w", prefix=prefix)


def test_the_method_is_part_of_the_route():
    routes = Routes([function("read", "w", ["GET"]), function("write", "w", ["post", "PUT"])], "api")
    names = {method: routes.find(method, "/api/w") for method in ("GET", "POST", "PUT", "DELETE", "HEAD")}
    assert {method: found and found.function.name for method, found in names.items()} == {
        "GET": "read",
        "POST": "write",
        "PUT": "write",
        "DELETE": None,
        "HEAD": None,
    }


@pytest.mark.parametrize("route", ["a{b}c", "{a=1}", "{a:regex(x)}", "{a:nonsense}"])
def test_what_cannot_be_routed_is_refused(route):
    with pytest.raises(CannotStartError, match="function f0"):
        find([route], "/")
