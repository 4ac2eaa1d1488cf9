"""The setting of the platform's events: secrets to rotate, and a wrong one turns off events and nothing else."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.settings import Settings
from tests.events import SECRET
from tests.unit.test_settings import NEEDED, read, refused
from tests.unit.test_settings_callbacks import wired

__all__ = ["wired"]

OTHER = "f" * 32


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        (SECRET, [SECRET]),
        (f"{SECRET},{OTHER}", [SECRET, OTHER]),
        (f" {SECRET} ,\n{OTHER},", [SECRET, OTHER]),
        (f"{SECRET},{SECRET}", [SECRET]),
        ("é" * 32, ["é" * 32]),
        ("a b" * 20, ["a b" * 20]),
    ],
)
def test_secrets_are_separated_by_commas(text, secrets):
    known = read(WEBHOOK_SECRETS=text)

    assert (known.event_keys, known.webhook_problems) == ([secret.encode() for secret in secrets], {})
    assert not any(secret in repr(known) for secret in secrets)


@pytest.mark.parametrize("text", [{}, {"WEBHOOK_SECRETS": ""}, {"WEBHOOK_SECRETS": "  "}])
def test_without_one_there_are_no_events(text):
    known = read(**text)

    assert (known.event_keys, known.webhook_problems) == ([], {})


WRONG = [
    SECRET[:-1],
    f"{SECRET},{OTHER[:-1]}",
    f"{OTHER[:-1]},{SECRET}",
    ",",
    " , ",
    "a\x00" * 32,
    "\udc80" * 32,
    "@Microsoft.KeyVault(VaultName=the-vault-with-a-name;SecretName=webhook-secrets)",
]


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_one_turns_off_events_alone_and_is_named_without_its_value(text):
    known = read(WEBHOOK_SECRETS=text)

    assert (known.event_keys, known.webhook_secrets) == ([], None)
    assert known.webhook_problems.keys() == {"WEBHOOK_SECRETS"}
    assert not any(part in str(known) for part in text.split(",") if len(part) > 5)


def test_a_wrong_one_is_named_along_with_all_others():
    assert refused({**NEEDED, "WAIT_SCALE": "x", "WEBHOOK_SECRETS": "x"}).problems.keys() == {
        "WAIT_SCALE",
        "WEBHOOK_SECRETS",
    }


@given(st.text())
def test_no_value_keeps_the_app_from_watching(secrets):
    Settings.from_env(NEEDED | {"WEBHOOK_SECRETS": secrets})


@pytest.mark.parametrize(("text", "off"), [(SECRET, False), (None, True), ("x", True)])
def test_the_receiver_has_what_the_setting_says_and_the_log_says_so_once(wired, caplog, monkeypatch, text, off):
    monkeypatch.delenv("WEBHOOK_SECRETS", raising=False)
    parts = wired(**({"WEBHOOK_SECRETS": text} if text else {}))

    with caplog.at_level(logging.ERROR):
        assert bool(parts.receiver().off) is off

    told = [record.message for record in caplog.records if record.message.startswith("events.off")]
    assert len(told) == (text == "x")
    assert parts.receiver().secrets == ([] if off else [SECRET.encode()])
