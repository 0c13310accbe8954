"""A stream for a million steps: memory stays flat and no step is lost.

``python benchmarks/stream_soak.py --steps N`` runs N steps of samples of 30 steps through a network
of 784, 600 and 256 neurons with 2 % input, once one step at a time and once through a queue of a
thread, and compares the first and the last sample with a batch run.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator

import numpy as np
from networks import benchmark_network

import neurodeploy as nd

STEPS, RATE, KINDS = 30, 0.02, 16
WARM_STEPS = 20_000
"""After which memory is flat, or is not."""


def resident_mb() -> float:
    """Memory of this process now."""
    with open("/proc/self/statm") as file:  # noqa: PTH123, Linux alone has it
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def samples(batch: np.ndarray, number: int) -> Iterator[np.ndarray]:
    """The same few samples over and over."""
    for index in range(number):
        yield batch[index % len(batch)]


def soak(steps: int, queue_steps: int) -> dict[str, object]:
    """Stream, and say what was seen."""
    network = benchmark_network()
    rng = np.random.default_rng(0)
    batch = (rng.random((KINDS, *network.input_shape, STEPS)) < RATE).astype(np.uint8)
    expected = nd.simulate(network, batch).spikes
    number = -(-steps // STEPS)
    stream = nd.Stream(network, queue_steps=queue_steps)
    began, wrong, answers, warm, most = time.perf_counter(), 0, 0, 0.0, 0.0
    for answer in stream.answers(samples(batch, number)):
        answers += 1
        place = (answer.sample % KINDS, ..., answer.step)
        wrong += not np.array_equal(answer.output.spikes, expected[place])
        if answers == WARM_STEPS:
            warm = resident_mb()
        if answers % 10_000 == 0:
            most = max(most, resident_mb())
    seconds = time.perf_counter() - began
    return {
        "queue_steps": queue_steps,
        "steps": number * STEPS,
        "answers": answers,
        "lost": number * STEPS - answers,
        "wrong": wrong,
        "dropped": stream.counts.dropped,
        "grown_mb": round(most - warm, 2),
        "steps_per_s": round(answers / seconds),
    }


def main() -> None:
    """Print one JSON object for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    chosen = parser.parse_args()
    for queue_steps in (0, 64):
        print(json.dumps(soak(chosen.steps, queue_steps)), flush=True)


if __name__ == "__main__":
    main()
