"""Tickets: what is written is read, and what is not a ticket is a ValueError that does not repeat it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.model import Ticket


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=64), st.integers(0, 2**31))
def test_what_is_written_is_read(watch_id, seq):
    ticket = Ticket(watch_id, seq)

    assert Ticket.from_json(ticket.to_json()) == ticket
    assert Ticket.from_json(ticket.to_json().encode()) == ticket


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["watch", "seq", "x"]), inner),
)


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_anything_is_a_ticket_or_a_value_error(body):
    try:
        ticket = Ticket.from_json(body)
    except ValueError:
        return
    assert json.loads(body) == {"id": ticket.id, "seq": ticket.seq}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"id": "w"}',
        b'{"id": "w", "seq": -1}',
        b'{"id": "w", "seq": "1"}',
        b'{"id": "w", "seq": true}',
        b'{"id": "", "seq": 1}',
        b'{"id": "w", "seq": 1, "state": "running"}',
        b'{"id": "s3cret"',
        b"[" * 100_000,
    ],
)
def test_what_is_no_ticket_is_not_repeated(body):
    with pytest.raises(ValueError, match=r"^not a ticket$"):
        Ticket.from_json(body)
