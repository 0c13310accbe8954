"""Lines through a pipe and a socket: whole, cut, too long, or none for a while."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import IO

import pytest
from bundles import make

from neurodeploy.deploy.lines import accept_one, each_connection, line_steps, listen_on
from neurodeploy.deploy.steps import LineReader
from neurodeploy.errors import InputError

NETWORK = make().network


@pytest.fixture
def pipe() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    read, write = os.pipe()
    with open(read, "rb") as source, open(write, "wb", buffering=0) as sink:  # noqa: PTH123
        yield source, sink


def test_lines_come_in_any_pieces(pipe: tuple[IO[bytes], IO[bytes]]) -> None:
    source, sink = pipe
    text = b'{"spikes": [0, 4]}\n\n  \n{"spikes": []}\r\n{"spikes": [2]}'
    for byte in text:
        sink.write(bytes([byte]))
    sink.close()
    found = [step.spikes.nonzero()[0].tolist() for step in line_steps(NETWORK, source)]
    assert found == [[0, 4], [], [2]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"spikes": [1]}\n{"spi', "line 2: expected one JSON object"),
        (b'{"spikes": []}\nnothing\n', "line 2: expected one JSON object"),
        (b"x" * 5_000, "line 1: expected at most 1920 bytes"),
    ],
)
def test_what_is_wrong_is_said_by_line(
    pipe: tuple[IO[bytes], IO[bytes]], text: bytes, said: str
) -> None:
    source, sink = pipe
    sink.write(text)
    sink.close()
    assert LineReader(NETWORK).longest == 1920
    with pytest.raises(InputError, match=said):
        list(line_steps(NETWORK, source))


def test_a_source_that_stalls_is_not_waited_for(pipe: tuple[IO[bytes], IO[bytes]]) -> None:
    source, sink = pipe
    sink.write(b'{"spikes": [1]}\n{"spi')
    steps = line_steps(NETWORK, source, stall_s=0.05)
    next(steps)
    began = time.monotonic()
    with pytest.raises(InputError, match=r"source: expected a step within 0\.05 s, found none"):
        next(steps)
    assert time.monotonic() - began < 2


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_a_socket_of_loopback_is_a_source() -> None:
    port = free_port()

    def send() -> None:
        for _ in range(100):
            try:
                with socket.create_connection(("127.0.0.1", port)) as sender:
                    sender.sendall(b'{"spikes": [3]}\n' * 50)
                return
            except ConnectionRefusedError:
                time.sleep(0.02)

    thread = threading.Thread(target=send)
    thread.start()
    with accept_one(port, stall_s=5) as connection:
        assert connection.getsockname()[0] == "127.0.0.1"
        assert len(list(line_steps(NETWORK, connection, stall_s=5))) == 50
    thread.join()


def test_each_connection_begins_from_rest() -> None:
    with listen_on(0) as server:
        steps = each_connection(NETWORK, server)
        for _ in range(2):
            with socket.create_connection(server.getsockname()) as sender:
                sender.sendall(b'{"spikes": [3]}\n' * 2)
                assert [next(steps).reset for _ in range(2)] == [True, False]
        steps.close()


def test_a_port_without_a_connection_or_that_is_taken_is_said() -> None:
    with pytest.raises(InputError, match=r"a connection within 0\.05 s, found none"):
        accept_one(free_port(), stall_s=0.05)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} of 127.0.0.1: expected a port that is"):
            accept_one(port)
