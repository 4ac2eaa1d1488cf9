"""A port that was found stays ours: a service that is stopped for a while finds it free when it comes back."""

import socket
import sys

import pytest

from local.processes import free_port


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a port be kept for another process")
def test_a_port_is_kept_from_others_and_not_from_the_service():
    port = free_port()

    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    for _ in range(2):
        with socket.create_server(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
            pass


def test_nobody_listens_on_it():
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", free_port()))
