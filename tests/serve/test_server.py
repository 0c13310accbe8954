"""The command as a process: it serves, ends in order, and refuses what it must before loading."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_service import places, samples, small_bundle
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

import neurodeploy as nd
from neurodeploy.serve.server import address_of, bind

RUN = "from neurodeploy.cli.main import main; main()"
TOKEN = "0123456789abcdef"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "bundle"
    nd.save_bundle(small_bundle(), folder)
    return folder


def start(folder: Path, *options: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, "serve", str(folder), "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def url_of(service: subprocess.Popen[str]) -> str:
    assert service.stdout is not None
    said = service.stdout.readline()
    assert said.startswith("serving ")
    return said.split()[-1].replace("0.0.0.0", "127.0.0.1")


class Asked:
    """A request of which all but the last byte has been sent."""

    def __init__(self, url: str, body: object, token: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        text = json.dumps(body).encode()
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        head = (
            f"POST /v1/answers HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
        )
        self.socket.sendall(head.encode() + text[:-1])
        self.last = text[-1:]

    def answer(self) -> tuple[bytes, dict[str, Any]]:
        """Send what is left; the status, and the body."""
        self.socket.sendall(self.last)
        with self.socket, self.socket.makefile("rb") as file:
            head, _, body = file.read().partition(b"\r\n\r\n")
        return head.split()[1], json.loads(body)


@pytest.mark.parametrize(
    ("number", "options", "token"),
    [(signal.SIGTERM, (), ""), (signal.SIGINT, ("--host", "0.0.0.0"), TOKEN)],
)
def test_it_ends_in_order(folder: Path, number: int, options: tuple[str, ...], token: str) -> None:
    environment = {"NEURODEPLOY_TOKEN": token} if token else {}
    batch = samples(1)
    run = nd.simulate(small_bundle(), batch).spikes[0]
    right = {"Authorization": f"Bearer {token}"}
    with start(folder, *options, **environment) as service:
        try:
            url = url_of(service)
            asked = Asked(url, {"spikes": places(batch[0]), "every_step": True}, token)
            stream_url = f"{url.replace('http', 'ws')}/v1/stream"
            if token:
                with pytest.raises(InvalidStatus, match="401"):
                    connect(stream_url)
            with connect(stream_url, additional_headers=right) as stream:
                for step in range(3):
                    stream.send('{"spikes": [1]}')
                    assert json.loads(stream.recv())["step"] == step
                service.send_signal(number)
                with pytest.raises(ConnectionClosed) as closed:
                    stream.recv(timeout=10)
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code in (1001, 1012)
            status, said = asked.answer()
            assert status == b"200"
            found = [answer["spikes"] for answer in said["answers"]]
            assert found == [step.nonzero()[0].tolist() for step in run.T]
            assert service.wait(20) == 0
        finally:
            service.kill()
        assert service.stderr is not None
        assert service.stderr.read() == "loading the service ...\n"


def test_the_clients_of_the_document_get_answers(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = (Path(__file__).parents[2] / "docs/streaming.md").read_text()
    with start(folder) as service:
        try:
            address = url_of(service).removeprefix("http://")
            document = document.replace("localhost:8000", address).replace("[3, 17]", "[3, 7]")
            (client,) = re.findall(r"```py\n(.*?)```", document, re.DOTALL)
            exec(client, {})
            assert len(capsys.readouterr().out.splitlines()) == 3
            (request,) = re.findall(r"^curl .*", document, re.MULTILINE)
            if shutil.which("curl"):
                said = subprocess.run(shlex.split(request), capture_output=True, check=True)
                assert json.loads(said.stdout)["answer"]["step"] == 2
        finally:
            service.kill()
            service.wait()


def test_a_port_that_is_taken_is_an_error() -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert address_of(taken) == f"http://127.0.0.1:{port}"
        with pytest.raises(nd.InputError, match=f"port {port}: expected an address that is free"):
            bind("127.0.0.1", port)
    with pytest.raises(nd.InputError, match="host nowhere"):
        bind("nowhere.invalid", 0)
