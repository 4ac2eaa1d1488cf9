"""Where `serve` gets the credentials, and that nobody else does."""

import click
import pytest

from local.serve.credentials import Credentials, read


def ask_nothing(*_, **__):
    raise AssertionError("asked")


def test_they_are_those_of_the_environment_which_then_has_no_secret():
    env = {"ITWIN_CLIENT_ID": " service-1\n", "ITWIN_CLIENT_SECRET": "s3cret"}

    assert read(env, "", ask_nothing, may_ask=True) == Credentials("service-1", "s3cret")
    assert "ITWIN_CLIENT_SECRET" not in env


def test_a_file_may_hold_the_secret(tmp_path):
    (tmp_path / "secret").write_text("s3cret\n")
    env = {"ITWIN_CLIENT_ID": "service-1", "ITWIN_CLIENT_SECRET_FILE": str(tmp_path / "secret")}

    assert read(env, "", ask_nothing, may_ask=False).secret == "s3cret"


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    env = {"ITWIN_CLIENT_ID": "service-1", "ITWIN_CLIENT_SECRET_FILE": str(tmp_path / "none")}

    with pytest.raises(click.UsageError, match="none, which cannot be read: No such file"):
        read(env, "", ask_nothing, may_ask=True)


def test_what_is_missing_is_asked_for_and_the_secret_without_echo():
    asked = []

    def ask(what, **how):
        asked.append((what, how.get("hide_input", False)))
        return f"answer {len(asked)}"

    assert read({}, "", ask, may_ask=True) == Credentials("answer 1", "answer 2")
    assert asked == [("Client ID of the service application", False), ("Client secret of answer 1", True)]


def test_the_id_of_an_earlier_start_is_not_asked_for_again():
    assert read({}, "service-1", lambda *_, **__: "s3cret", may_ask=True) == Credentials("service-1", "s3cret")


@pytest.mark.parametrize("env", [{}, {"ITWIN_CLIENT_ID": "a"}, {"ITWIN_CLIENT_SECRET": "b"}])
def test_without_a_terminal_they_must_be_set(env):
    with pytest.raises(click.UsageError, match="Set ITWIN_CLIENT_ID and ITWIN_CLIENT_SECRET"):
        read(env, "", ask_nothing, may_ask=False)
