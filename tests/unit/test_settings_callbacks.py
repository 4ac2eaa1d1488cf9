"""The settings of callbacks: read generously, and a wrong one turns off callbacks and nothing else."""

import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import wiring
from shared.core.callback import Attempt
from shared.settings import Settings
from tests.e2e.receiver import SECRET
from tests.unit.test_settings import NEEDED, read, refused

HOSTS = "hooks.example.com"


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        (" hooks.example.com, 127.0.0.1:9000", "hooks.example.com,127.0.0.1:9000"),
        ("hooks.example.com,", HOSTS),
        (",hooks.example.com , ,", HOSTS),
        ("Hooks.Example.COM", HOSTS),
        ("hooks.example.com.", HOSTS),
        ("Hooks.example.com.:8443,\thooks.example.com.", "hooks.example.com:8443,hooks.example.com"),
        ("hooks.example.com,HOOKS.example.com.", HOSTS),
        ("[::1]:9000", "[::1]:9000"),
    ],
)
def test_hosts_are_read_however_they_are_written(text, hosts):
    known = read(CALLBACK_HOSTS=text, CALLBACK_SECRET=SECRET)

    assert (known.callback_hosts, known.callback_problems) == (hosts, {})
    assert SECRET not in repr(known)


WRONG = [
    *[
        ({"CALLBACK_HOSTS": hosts, "CALLBACK_SECRET": SECRET}, {"CALLBACK_HOSTS"})
        for hosts in [
            "https://hooks.example.com",
            "hooks.example.com/x",
            "*.example.com",
            "hooks.example.com other.example.com",
            "hooks_example.com",
            "hooks.example.com:x",
            "hooks.example.com:99999",
            "user@hooks.example.com",
            "hooks.example.com?x",
            "hooks..example.com",
            ",",
            ".",
            "bücher.example",
            "10.0.0",
        ]
    ],
    *[
        ({"CALLBACK_HOSTS": HOSTS, "CALLBACK_SECRET": secret}, {"CALLBACK_SECRET"})
        for secret in [
            "whsec_c2hvcnQ=",
            "no-base64!",
            "whsec_",
            SECRET + "!",
            "@Microsoft.KeyVault(SecretUri=https://v)",
        ]
    ],
    ({"CALLBACK_HOSTS": HOSTS}, {"CALLBACK_SECRET"}),
    ({"CALLBACK_HOSTS": "*", "CALLBACK_SECRET": "x"}, {"CALLBACK_HOSTS", "CALLBACK_SECRET"}),
    ({"CALLBACK_HOSTS": "*"}, {"CALLBACK_HOSTS", "CALLBACK_SECRET"}),
    ({"CALLBACK_SECRET": "s3cr3t"}, {"CALLBACK_SECRET"}),
]


@pytest.mark.parametrize(("env", "wrong"), WRONG)
def test_a_wrong_one_turns_off_callbacks_alone_and_is_named_without_its_value(env, wrong):
    known = read(**env)

    assert known.callback_problems.keys() == wrong
    assert (known.callback_hosts, known.callback_secret) == (None, None)
    assert not any(value in str(known.callback_problems) for value in env.values() if len(value) > 6)


def test_a_wrong_one_is_named_along_with_all_others():
    assert refused({**NEEDED, "WAIT_SCALE": "x", "CALLBACK_HOSTS": "*"}).problems.keys() == {
        "WAIT_SCALE",
        "CALLBACK_HOSTS",
        "CALLBACK_SECRET",
    }


@given(st.text(), st.text())
def test_no_value_keeps_the_app_from_watching(hosts, secret):
    Settings.from_env(NEEDED | {"CALLBACK_HOSTS": hosts, "CALLBACK_SECRET": secret})


@pytest.fixture
def wired(monkeypatch):
    """The real parts with these settings."""
    parts = [part for part in vars(wiring).values() if hasattr(part, "cache_clear")]

    def clear():
        for part in parts:
            part.cache_clear()

    def set_to(**env):
        for name, value in (NEEDED | env).items():
            monkeypatch.setenv(name, value)
        return wiring

    monkeypatch.delenv("APPLICATIONINSIGHTS_CONNECTION_STRING", raising=False)
    clear()
    yield set_to
    clear()


@pytest.mark.parametrize(("env", "wrong"), WRONG[-5:])
def test_callbacks_that_wait_are_retried_when_a_setting_is_wrong_and_the_log_says_so_once(wired, caplog, env, wrong):
    async def scenario():
        parts = wired(**env)
        parts.poller()
        return await parts.callback_sender().post("https://hooks.example.com/x", "id", "{}")

    with caplog.at_level(logging.ERROR):
        attempt = asyncio.run(scenario())

    assert attempt == Attempt("callbacks are off: see the settings CALLBACK_HOSTS and CALLBACK_SECRET")
    assert not attempt.final
    (line,) = [record.message for record in caplog.records if record.message.startswith("callbacks.off")]
    assert all(name in line for name in wrong)
