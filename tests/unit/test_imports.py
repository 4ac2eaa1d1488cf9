"""What the worker loads when it imports the app: nothing that may kill it, and nothing slow that can wait.

Public reports tell of workers on Python 3.13 that die when an app imports protobuf; opencensus does, so it comes with
the first event.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: Of requirements.txt, and what these packages import.
ALLOWED = {
    "azure", "aiohttp", "httpx", "pydantic", "standardwebhooks",
    "_cffi_backend", "aiohappyeyeballs", "aiosignal", "annotated_types", "anyio", "attr", "backports", "brotli",
    "certifi", "charset_normalizer", "chardet", "cryptography", "frozenlist", "h11", "httpcore", "idna", "isodate",
    "markupsafe", "multidict", "propcache", "pydantic_core", "requests", "six", "sniffio", "typing_extensions",
    "typing_inspection", "urllib3", "werkzeug", "yarl",
    # What httpx and urllib3 import where they find it, as on machines of developers.
    "click", "markdown_it", "mdurl", "pygments", "rich", "socks",
}  # fmt: skip

FORBIDDEN = ("google.protobuf", "google.rpc", "opencensus", "azure.identity", "msal", "grpc")

IMPORT = """
import sys
before = set(sys.modules)
import function_app
for name in sys.modules.keys() - before:
    print(name)
"""


@pytest.fixture(scope="module")
def loaded():
    """Every module that a fresh process has loaded once it has imported the app."""
    done = subprocess.run([sys.executable, "-c", IMPORT], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_app_imports_what_it_may_and_no_more(loaded):
    """Add a package of requirements.txt here, unless the app can import it where it uses it."""
    ours = {"function_app", "functions", "shared"}
    # Extension modules of Cython, mypyc and OpenSSL have names of their own.
    others = {
        name for name in {module.partition(".")[0] for module in loaded} - sys.stdlib_module_names - ours
        if not name.startswith(("_cython", "cython", "_openssl", "_sysconfigdata")) and "__mypyc" not in name
    }  # fmt: skip

    assert others - ALLOWED == set()
    assert loaded >= {"function_app", "httpx", "azure.functions"}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_the_app_does_not_import(name, loaded):
    assert [module for module in loaded if f"{module}.".startswith(f"{name}.")] == []


def test_the_first_event_imports_the_exporter():
    """So the test above would see it."""
    code = "import sys; from shared.telemetry.exporter import Handler; print('opencensus' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "True"
