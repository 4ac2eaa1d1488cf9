"""`func start` works with the example of its settings as it stands, once it is copied."""

import json
from pathlib import Path

import pytest

from local.parts.stack import CLIENT_ID, CLIENT_SECRET, QUEUE, app_settings
from shared.settings import Settings, SettingsError

ROOT = Path(__file__).parents[2]
EXAMPLE = json.loads((ROOT / "local.settings.example.json").read_text())
VALUES = EXAMPLE["Values"]

#: Settings of the host, not of the app.
OF_THE_HOST = {"FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "AzureWebJobsDisableHomepage"}


def test_it_is_what_core_tools_read():
    """https://learn.microsoft.com/azure/azure-functions/functions-develop-local#local-settings-file ."""
    assert EXAMPLE.keys() == {"IsEncrypted", "Values"}
    assert EXAMPLE["IsEncrypted"] is False
    assert all(isinstance(value, str) for value in VALUES.values())
    assert VALUES["FUNCTIONS_WORKER_RUNTIME"] == "python"


def test_nothing_is_missing_and_nothing_unknown():
    known = {field.alias for field in Settings.model_fields.values() if field.alias}

    assert VALUES.keys() - known == OF_THE_HOST
    Settings.from_env(VALUES)


@pytest.mark.parametrize("name", sorted(VALUES.keys() - OF_THE_HOST - {"ITWIN_API_URL", "ITWIN_TOKEN_URL"}))
def test_nothing_is_there_that_the_app_does_not_need(name):
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({other: value for other, value in VALUES.items() if other != name})


def test_it_fits_what_the_other_commands_start():
    used = app_settings("s", "http://127.0.0.1:8080")

    assert VALUES["AzureWebJobsStorage"] == "UseDevelopmentStorage=true"  # `python3 -m local storage`
    assert (VALUES["TICKETS_QUEUE"], VALUES["ITWIN_CLIENT_ID"], VALUES["ITWIN_CLIENT_SECRET"]) == (
        QUEUE,
        CLIENT_ID,
        CLIENT_SECRET,
    )
    for name in ("ITWIN_API_URL", "ITWIN_TOKEN_URL", *OF_THE_HOST - {"FUNCTIONS_WORKER_RUNTIME"}):
        assert VALUES[name] == used[name]


def test_the_copy_stays_on_this_machine():
    assert "local.settings.json" in (ROOT / ".gitignore").read_text().splitlines()
