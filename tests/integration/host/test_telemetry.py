"""What reaches Application Insights, by host.json's categories.  Figures and filters as seen on host 4.1037."""

import pytest

from tests.integration.host.conftest import eventually, hosting

APP = """
@app.route(route="says", auth_level=func.AuthLevel.ANONYMOUS)
async def says(req: func.HttpRequest) -> str:
    logging.getLogger("my.app").info("said %s", req.params["what"])
    logging.getLogger("my.app").warning("warned of %s", req.params["what"])
    return ""

@app.route(route="fails", auth_level=func.AuthLevel.ANONYMOUS)
async def fails(req: func.HttpRequest) -> str:
    raise ValueError("on purpose")
"""

IKEY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def sent(tmp_path, backend, stranger):
    """Run the app once with these levels, and give what reached the endpoint: (kind, category, level, text)."""

    def run(**levels):
        settings = {
            "APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={IKEY};IngestionEndpoint={stranger.base_url}"
        }
        levels = {"default": "Warning", "Host.Results": "Error"} | levels
        with hosting(
            tmp_path, APP, "--backend", backend, host_json={"logging": {"logLevel": levels}}, env=settings
        ) as host:
            host.call("GET", "/api/says?what=this")
            host.call("GET", "/api/fails")
            host.process.terminate()
            host.process.wait(10)
        return [shown(item) for item in stranger.get("/_sim/telemetry").json()["telemetry"]]

    return run


def shown(item):
    data = item["data"]["baseData"]
    text = data.get("message") or data.get("name") or data["exceptions"][0]["message"].strip().splitlines()[-1]
    return item["data"]["baseType"], data["properties"]["Category"], data["properties"]["LogLevel"], text


FAILURE = [
    ("ExceptionData", "Function.fails", "Error", "ValueError: on purpose"),
    ("ExceptionData", "Host.Results", "Error", "ValueError: on purpose"),
    ("RequestData", "Host.Results", "Error", "fails"),
]
WARNED = ("MessageData", "Function.says.User", "Warning", "warned of this")
SAID = ("MessageData", "Function.says.User", "Information", "said this")


def test_a_failed_invocation_is_one_exception_twice_and_a_request(sent):
    """One that ends well sends nothing above Information."""
    assert sent() == [WARNED, *FAILURE]


def test_an_exact_category_lets_lines_through(sent):
    assert sent(**{"Function.says.User": "Information"}) == [SAID, WARNED, *FAILURE]


def test_a_category_with_an_asterisk_reaches_nobody(sent):
    assert sent(**{"Function.s*.User": "Information"}) == [WARNED, *FAILURE]


def test_results_that_are_off_take_one_exception_and_the_request_along(sent):
    assert sent(**{"Host.Results": "None"}) == [WARNED, FAILURE[0]]


def test_the_longest_category_that_fits_decides(sent):
    """So a function's own lines outlive what is off for the host's."""
    levels = {"Host.Results": "None", "Function": "None", "Function.says.User": "Warning"}
    assert sent(**levels) == [WARNED]


def test_a_shorter_category_lets_the_hosts_own_lines_through(sent):
    lines = sent(**{"Function.says": "Information"})
    assert [text for kind, _, _, text in lines if kind == "MessageData"] == [
        "said this",
        "warned of this",
        "Executing 'Functions.says'",
        "Executed 'Functions.says' (Succeeded)",
    ]


def test_what_nobody_takes_waits(tmp_path, backend):
    """It is sent when the endpoint answers; that it does not is said once."""
    address = f"InstrumentationKey={IKEY};IngestionEndpoint=http://127.0.0.1:9"
    with hosting(tmp_path, APP, "--backend", backend, env={"APPLICATIONINSIGHTS_CONNECTION_STRING": address}) as host:
        host.call("GET", "/api/says?what=this")
        eventually(lambda: "Application Insights does not accept items" in host.log)
        host.call("GET", "/api/says?what=that")
    assert host.log.count("Application Insights does not accept items") == 1
