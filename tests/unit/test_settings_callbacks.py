"""Callbacks need a secret."""

from tests.e2e.receiver import SECRET
from tests.unit.test_settings import NEEDED, read, refused


def test_hosts_without_a_secret_are_refused():
    assert refused(NEEDED | {"CALLBACK_HOSTS": "hooks.example.com"}).problems.keys() == {"CALLBACK_SECRET"}


def test_hosts_with_a_secret_are_read():
    known = read(CALLBACK_HOSTS=" hooks.example.com, 127.0.0.1:9000", CALLBACK_SECRET=SECRET)

    assert known.callback_hosts == "hooks.example.com,127.0.0.1:9000"
    assert SECRET not in repr(known)
