"""Cursors: what comes back is what was given, for the same list."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.engine.cursor import Cursor

KEY = "251666615999999999_0d6c9f0e-5a55-5f0e-9d5c-0d6c9f0e5a55"
CURSORS = [Cursor(state, key) for state in ("watching", "ended") for key in ("", KEY)]


@pytest.mark.parametrize("cursor", CURSORS)
def test_what_is_written_is_read(cursor):
    assert Cursor.from_text(cursor.to_text("list"), "list") == cursor


@pytest.mark.parametrize("cursor", CURSORS)
def test_it_stands_in_a_url_as_it_is(cursor):
    assert cursor.to_text("list").replace("-", "").replace("_", "").isalnum()


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_text_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 -- whichever of its readers says so
        Cursor.from_text(text, "list")


def test_that_of_another_list_is_refused():
    with pytest.raises(ValueError, match="not a cursor"):
        Cursor.from_text(CURSORS[0].to_text("list"), "other list")
