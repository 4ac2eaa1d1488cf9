"""Which function a request is for."""

import pytest

from local.host.functions import CannotStartError, Function
from local.host.routes import Routes
from local.host.targets import Target, UnreadableTargetError


def function(name, route=None, methods=()):
    trigger = {"type": "httpTrigger", "direction": "IN", "name": "req", "methods": list(methods)}
    return Function(name, [{**trigger, "route": route} if route else trigger])


def find(routes, path, method="GET", prefix="api"):
    """The function's name and the parameters, or None.  The functions' names are in the order of the routes."""
    functions = [function(f"f{number}", route) for number, route in enumerate(routes)]
    found = Routes(reversed(functions), prefix).find(method, Target.read(path).path)
    return found and (found.function.name, dict(found.values))


@pytest.mark.parametrize(
    ("route", "path", "values"),
    [
        ("watches", "/api/watches", {}),
        ("watches", "/API/Watches/", {}),
        ("watches", "/watches", None),
        ("watches", "/api/watches/1", None),
        ("watches", "/api/watchesx", None),
        # Seen on the real host, as are the dots below.
        ("watches", "//watches", None),
        ("watches", "/api//watches", None),
        ("watches", "/api/watches//", None),
        ("watches", "/api/watches/./", {}),
        ("watches", "/api/watches/x/../", {}),
        ("watches/{id}", "/api/watches/x/../y", {"id": "y"}),
        ("watches", "/api/watches/x/..", {}),
        ("watches", "/../api/watches", {}),
        # PathNormalizer.cs removes them after it has decoded.
        ("watches", "/api/watches/x/%2E%2e", {}),
        ("watches/{id}", "/api/watches/...", {"id": "..."}),
        ("w.tches", "/api/watches", None),
        ("watches/{id}", "/api/watches/1", {"id": "1"}),
        ("watches/{id}", "/api/watches/A%20b%C3%A9", {"id": "A bé"}),
        ("watches/{id}", "/api/watches/a%2fb", {"id": "a%2Fb"}),
        ("watches/{id}", "/api/watches/%ff%C3", {"id": "\ufffd\ufffd"}),
        ("watches/{id}", "/api/watches", None),
        ("watches/{id}/log", "/api/watches/1/log", {"id": "1"}),
        ("watches/{id?}", "/api/watches", {}),
        ("watches/{id?}", "/api/watches/1", {"id": "1"}),
        ("watches/{*rest}", "/api/watches", {}),
        ("watches/{*rest}", "/api/watches/1/log", {"rest": "1/log"}),
        ("{*rest}", "/api//x", None),
        ("{*rest}", "/api/x//y", {"rest": "x//y"}),
        ("{a}/{b}", "/api/x/y", {"a": "x", "b": "y"}),
        ("{nothing:maxlength(0)?}", "/api", {}),
        ("{nothing:maxlength(0)?}", "/api/", {}),
        ("{nothing:maxlength(0)?}", "/api//", None),
        ("{nothing:maxlength(0)?}", "/api/x", None),
        ("{short:maxlength(2)}", "/api/ab", {"short": "ab"}),
        ("{short:maxlength(2)}", "/api/abc", None),
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
        (["w/{id}", "w/new"], "/api/w/new", "f0"),
        (["w/new", "w/{id}"], "/api/w/new", "f0"),
        (["w/new", "w/{id}"], "/api/w/old", "f1"),
        (["w/{id}", "w/{id:int}"], "/api/w/1", "f0"),
        (["{*all}", "w"], "/api/w", "f0"),
    ],
)
def test_the_first_by_its_functions_name_wins(routes, path, winner):
    """As on the real host; azure-functions-host #3153, #6062 and #9876 report it too."""
    found = find(routes, path)
    assert found
    assert found[0] == winner


def test_the_order_of_names_is_ordinal_and_ignores_case():
    def first(*names):
        found = Routes([function(name, "{x}") for name in names], "api").find("GET", "/api/1")
        return found and found.function.name

    assert first("b", "A", "c") == first("B", "A", "c") == "A"
    assert first("list_all", "listing") == "listing"  # upper case letters sort before "_"
    assert first("f10", "f9") == "f10"


def test_a_catch_all_takes_what_comes_after_it():
    """POST /api/watches was refused by `refuse`, for everything else, before `start_watch` could have it."""
    functions = [function("start_watch", "watches", ["POST"]), function("refuse", "{*path}")]
    found = Routes(functions, "api").find("POST", "/api/watches")
    assert found
    assert found.function.name == "refuse"


@pytest.mark.parametrize("sent", ["/api/\xfc", "/api/%00", "/api/x?q=\xfc", "/api#x", "http://host/api", "*"])
def test_what_is_no_target_is_refused(sent):
    with pytest.raises(UnreadableTargetError):
        Target.read(sent)


def test_a_query_may_hold_anything_that_is_encoded():
    assert Target.read("/api/x?q=%00").query == {"q": "\0"}


def test_a_query_is_read_as_a_form_with_all_that_follows():
    query = Target.read("/api/x?a=1+2%2B&b=1#c&b=%ff&empty=&bare").query
    assert list(query.items()) == [("a", "1 2+"), ("b", "1#c"), ("b", "\ufffd"), ("empty", ""), ("bare", "")]


def test_a_route_is_the_functions_name_if_it_has_none():
    assert Routes([function("start_watch")], "api").find("GET", "/api/start_watch")


@pytest.mark.parametrize(("prefix", "path"), [("", "/w"), ("v1/x", "/v1/x/w")])
def test_the_prefix_is_host_jsons(prefix, path):
    assert find(["w"], path, prefix=prefix)
    assert not find(["w"], "/api/w", prefix=prefix)


def test_the_method_is_part_of_the_route():
    routes = Routes([function("read", "w", ["GET"]), function("write", "w", ["post", "PUT"])], "api")
    names = {method: routes.find(method, "/api/w") for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "get")}
    assert {method: found and found.function.name for method, found in names.items()} == {
        "GET": "read",
        "POST": "write",
        "PUT": "write",
        "DELETE": None,
        "HEAD": None,  # a GET does not bring it along
        "get": None,
    }


@pytest.mark.parametrize(
    "route", ["a{b}c", "{a=1}", "{a:regex(x)}", "{a:nonsense}", "{a:maxlength}", "{a:int(2)}", "{*a:int}"]
)
def test_what_cannot_be_routed_is_refused(route):
    with pytest.raises(CannotStartError, match="function f0"):
        find([route], "/")
