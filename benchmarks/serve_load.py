"""The service under load, with clients that behave and clients that do not.

``python benchmarks/serve_load.py BUNDLE --seconds 60`` starts `neurodeploy serve` on loopback. Good
clients open sessions over HTTP and WebSocket, send whole samples, and hold every output spike
against a batch run. Others leave in the middle of a request, flood and send rubbish meanwhile. At
the end the service gets SIGTERM and must exit with 0.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from websockets.asyncio.client import connect

import neurodeploy as nd

SAMPLES = 32
RATE = 300
"""Requests a second of a client that the service is started with."""
BAD = ("left", "flood", "flood_refused", "rubbish")
RUBBISH = (
    b"{",
    b"[" * 5000,
    b'{"spikes": [[-1]]}',
    b'{"spikes": 3}',
    b"\xff\xfe\x00",
    b'{"spikes": [[0]], "more": 1}',
    b"x" * 3_000_000,
)


@dataclass
class Seen:
    """What the clients saw."""

    sessions: int = 0
    steps: int = 0
    wrong: int = 0
    lost: int = 0
    faults: int = 0
    refused: int = 0
    bad: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BAD, 0))
    seconds: list[float] = field(default_factory=list)


class Load:
    """The clients of one service.

    Parameters
    ----------
    url : str
    batch, expected : uint8 arrays [sample, feature, time] and [sample, neuron, time]
    ends_s : float
        When they stop, of `time.monotonic`.
    """

    def __init__(self, url: str, batch: np.ndarray, expected: np.ndarray, ends_s: float) -> None:
        self.url, self.ends_s = url, ends_s
        self.batch = [[np.flatnonzero(step).tolist() for step in sample.T] for sample in batch]
        self.expected = [
            [np.flatnonzero(step).tolist() for step in sample.T] for sample in expected
        ]
        self.seen = Seen()
        self.random = random.Random(0)

    @property
    def on(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self.ends_s

    async def http(self) -> None:
        """Open a session, send a sample step by step, close it; or send a sample whole."""
        seen = self.seen
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as client:
            while self.on:
                which = self.random.randrange(SAMPLES)
                steps, expected = self.batch[which], self.expected[which]
                try:
                    opened = await client.post("/v1/sessions")
                    if opened.status_code != 201:
                        seen.refused += 1
                        continue
                    path = f"/v1/sessions/{opened.json()['session']}"
                    for step, places in enumerate(steps):
                        began = time.perf_counter()
                        said = await client.post(f"{path}/steps", json={"spikes": [places]})
                        seen.seconds.append(time.perf_counter() - began)
                        self._check(
                            [answer["spikes"] for answer in said.json()["answers"]],
                            [expected[step]],
                        )
                    await client.delete(path)
                    seen.sessions += 1
                    whole = {"spikes": steps, "every_step": True}
                    said = await client.post("/v1/answers", json=whole)
                    self._check([answer["spikes"] for answer in said.json()["answers"]], expected)
                except (httpx.HTTPError, KeyError):
                    seen.lost += 1

    async def socket(self) -> None:
        """Stream samples over one WebSocket each."""
        seen = self.seen
        while self.on:
            which = self.random.randrange(SAMPLES)
            try:
                async with connect(f"{self.url.replace('http', 'ws')}/v1/stream") as socket:
                    for step, places in enumerate(self.batch[which]):
                        began = time.perf_counter()
                        await socket.send(json.dumps({"spikes": places}))
                        answer = json.loads(await socket.recv())
                        seen.seconds.append(time.perf_counter() - began)
                        self._check([answer["spikes"]], [self.expected[which][step]])
                    seen.sessions += 1
            except Exception as error:
                status = getattr(getattr(error, "response", None), "status_code", 0)
                seen.refused += status in (429, 503)
                seen.lost += status not in (429, 503)

    async def leaving(self) -> None:
        """Leave in the middle of a body, and of a WebSocket."""
        host, port = self.url.removeprefix("http://").split(":")
        head = (
            f"POST /v1/answers HTTP/1.1\r\nHost: {host}:{port}\r\n"
            "Content-Type: application/json\r\n"
            'Content-Length: 1000\r\n\r\n{"spikes": [[1'
        )
        while self.on:
            try:
                _, writer = await asyncio.open_connection(host, int(port))
                writer.write(head.encode())
                await writer.drain()
                writer.transport.abort()
                async with connect(f"ws://{host}:{port}/v1/stream") as socket:
                    await socket.send('{"spikes": [1]}')
                    socket.transport.abort()
            except Exception:
                pass
            self.seen.bad["left"] += 1
            await asyncio.sleep(0.02)

    async def flooding(self) -> None:
        """Ask as fast as one connection takes it, far past the rate; what is too much is 429."""
        host, port = self.url.removeprefix("http://").split(":")
        asked = f"GET /v1/bundle HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
        while self.on:
            try:
                reader, writer = await asyncio.open_connection(host, int(port))
                for _ in range(20):
                    writer.write(asked * 100)
                    for _ in range(100):
                        head = await reader.readuntil(b"\r\n\r\n")
                        length = head.lower().partition(b"content-length:")[2].split()[0]
                        await reader.readexactly(int(length))
                        self.seen.bad["flood"] += 1
                        self.seen.bad["flood_refused"] += b" 429 " in head
                        self.seen.faults += b" 500 " in head
                writer.close()
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.01)

    async def rubbish(self) -> None:
        """Send what is no request of ours; each must be refused, none by 500."""
        typed = {"content-type": "application/json"}
        while self.on:
            async with httpx.AsyncClient(base_url=self.url, timeout=30) as client:
                for body in RUBBISH:
                    try:
                        said = await client.post("/v1/answers", content=body, headers=typed)
                        self.seen.faults += said.status_code >= 500 or said.status_code < 400
                    except httpx.HTTPError:  # a body too large is cut off
                        continue
                    finally:
                        self.seen.bad["rubbish"] += 1
            await asyncio.sleep(0.02)

    def _check(self, found: list[list[int]], expected: list[list[int]]) -> None:
        self.seen.steps += len(expected)
        self.seen.lost += len(expected) - len(found)
        self.seen.wrong += sum(a != b for a, b in zip(found, expected, strict=False))

    async def run(self, good: int, service: int) -> list[float]:
        """All clients until the time is over; the service's memory in MB, ten times."""
        kinds = [self.http, self.socket] * good + [self.leaving, self.flooding, self.rubbish]
        clients = asyncio.gather(*(kind() for kind in kinds))
        every_s, memory = (self.ends_s - time.monotonic()) / 10, []
        while self.on:
            await asyncio.sleep(every_s)
            memory.append(round(resident_mb(service), 1))
        await clients
        return memory


def resident_mb(process: int) -> float:
    """Memory of a process now."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Start the service, load it, end it, and print what was seen as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=4, help="Good ones of each kind.")
    chosen = parser.parse_args()
    bundle = nd.load_bundle(chosen.bundle)
    rng = np.random.default_rng(0)
    shape = (SAMPLES, *bundle.network.input_shape, bundle.steps)
    batch = (rng.random(shape) < 0.3).astype(np.uint8)
    expected = nd.simulate(bundle, batch).spikes
    flat = batch.reshape(SAMPLES, -1, bundle.steps)
    command = [sys.executable, "-m", "neurodeploy", "serve", str(chosen.bundle), "--port", "0"]
    command += ["--rate", str(RATE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout is not None
            url = service.stdout.readline().split()[-1]
            load = Load(url, flat, expected, time.monotonic() + chosen.seconds)
            began = time.monotonic()
            memory = asyncio.run(load.run(chosen.clients, service.pid))
            took = time.monotonic() - began
            left = httpx.get(f"{url}/healthz", timeout=10).json()["sessions"]
        finally:
            service.send_signal(signal.SIGTERM)
            code = service.wait(30)
    seen = load.seen
    p50, p99 = np.percentile(seen.seconds, [50, 99]) * 1000
    report = {
        "seconds": round(took, 1),
        "sessions": seen.sessions,
        "sessions_per_s": round(seen.sessions / took, 1),
        "steps": seen.steps,
        "steps_per_s": round(seen.steps / took, 1),
        "p50_ms": round(float(p50), 2),
        "p99_ms": round(float(p99), 2),
        "lost": seen.lost,
        "wrong": seen.wrong,
        "refused": seen.refused,
        "faults": seen.faults,
        "bad_requests": seen.bad,
        "sessions_left_open": left,
        "resident_mb": memory,
        "exit_code": code,
    }
    print(json.dumps(report, indent=1))
    sys.exit(bool(seen.lost or seen.wrong or seen.faults or code))


if __name__ == "__main__":
    main()
