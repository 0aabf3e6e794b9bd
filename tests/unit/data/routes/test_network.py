"""Reaching servers: signs of life, and further tries after passing trouble."""

import socket
import time
from urllib.request import urlopen

import pytest

from kit.hub_server import Fault, HubServer
from probecast.data.routes import network
from probecast.data.routes.network import check_reachable, retry


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(network, "WAITS", (0.01, 0.01, 0.01))
    with HubServer(files={"/file": b"content"}) as running:
        yield running


def read(url: str) -> bytes:
    with urlopen(url, timeout=5) as response:
        return response.read()


def test_any_answer_is_a_sign_of_life(server):
    server.faults = [Fault("HEAD", status=500)]
    check_reachable(server.url + "/file")


def test_a_closed_port_is_told_at_once():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but not listening
        with pytest.raises(OSError, match="refused"):
            check_reachable(f"http://127.0.0.1:{unused.getsockname()[1]}")


def test_a_silent_server_is_given_up_in_time(monkeypatch, server):
    monkeypatch.setattr(network, "REACH_SECONDS", 0.2)
    server.faults = [Fault("HEAD", delay=3)]
    started = time.monotonic()
    with pytest.raises(OSError, match="no answer|timed out"):
        check_reachable(server.url)
    assert time.monotonic() - started < 2


def test_an_address_without_scheme_is_unreachable():
    with pytest.raises(OSError, match="unknown url type"):
        check_reachable("hub.example")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_trouble_is_tried_again(server, status):
    server.faults = [Fault("GET", status=status, times=3)]
    assert retry(read, server.url + "/file") == b"content"


def test_trouble_that_stays_is_raised_after_the_last_try(server):
    server.faults = [Fault("GET", status=500, times=100)]
    with pytest.raises(OSError, match="500"):
        retry(read, server.url + "/file")
    assert len(server.requests) == 4


def test_what_does_not_exist_is_not_asked_for_again(server):
    with pytest.raises(OSError, match="404"):
        retry(read, server.url + "/nothing")
    assert len(server.requests) == 1
