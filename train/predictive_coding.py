"""Predictive coding: where two moving blobs are, were or will be, at every step.

Usage: python train/predictive_coding.py [--workers 2] [--seeds 3] [--delta 1 0 -1]

The spikes of a step name its pair, so that deltas of 0 and less ask for what a decoder of one step
can be told by an encoder without memory. Only a pair to come has to be guessed from what was seen.

Every run is kept in runs/results once it is finished; start the script again to go on.
`python train/results.py` makes the tables. The last bundle of each delta is in
runs/results/predictive-coding/; stream it with `neurodeploy stream`.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

import neurodeploy as nd
from neurodeploy.experiments import (
    Run,
    Unit,
    independent_answers,
    measure,
    run_script,
    script_parser,
)
from neurodeploy.signals import blob_accuracy, ideal_decoder

TASK = nd.BlobTask(
    hidden=(),
    readout=10,
    decoder="mlp",
    decoder_hidden=128,
    neuron=nd.CubaParameters(current_decay=1.0, voltage_decay=0.5, surrogate_width=0.01),
    beta=0.01,  # of the sum over neurons; the paper's 1 is of their mean, 0.1 here
    prior=nd.ConstantRate(0.2),
    train=1000,
    training=nd.TrainConfig(
        epochs=40, batch_size=50, learning_rate=0.01, patience_epochs=40, temperature_end=0.005
    ),
)

WITHOUT_MEMORY = nd.CubaParameters(current_decay=1.0, voltage_decay=1.0, surrogate_width=0.01)

READERS: dict[str, dict[str, Any]] = {
    "mlp, window 5": {},
    "linear, window 5": {"decoder": "linear"},
    "rate, window 5": {"decoder": "rate"},
    "mlp, window 1": {"window_steps": 1},
    "mlp, window 1, without memory": {"window_steps": 1, "neuron": WITHOUT_MEMORY},
    "mlp, window 5, without memory": {"neuron": WITHOUT_MEMORY},
}
"""What differs from the task: the decoder, the steps that it sees, and the encoder's neuron."""


def vdib(task: nd.BlobTask) -> Run:
    """Train, export, deploy, measure."""

    def run(folder: Path) -> Mapping[str, float]:
        splits = task.splits()
        model = nd.train_task(task, splits, folder, Progress(disable=True))
        nd.save_bundle(task.bundle(model), folder / "bundle")
        return measure(task, splits, model)

    return run


def ideal(delta: int, window: int | None) -> Run:
    """What a decoder could reach that knows the blobs' law and sees the input itself."""

    def run(folder: Path) -> Mapping[str, float]:
        spikes = TASK.splits().test[0]
        rng = np.random.default_rng(0)
        posterior = ideal_decoder(TASK.blobs, spikes, rng, delta=delta, window=window)
        pairs = TASK.blobs.pair_index(TASK.blobs.read(spikes))
        named = posterior.argmax(-1)
        shares = [
            blob_accuracy(named[each : each + 1], pairs[each : each + 1], delta=delta)
            for each in range(len(pairs))
        ]
        asked = np.full(len(pairs), pairs.shape[1])
        return {
            "accuracy_deployed": float(np.mean(shares)),
            "test_samples": independent_answers(np.array(shares) * asked, asked),
        }

    return run


def units(seeds: int, deltas: list[int]) -> Iterator[Unit]:
    """All runs, seed by seed; then what is ideal, which has no seed."""
    table = "predictive-coding"
    for seed in range(seeds):
        seeded = TASK.trained_with(seed=seed)
        for delta in deltas:
            for reader, changes in READERS.items():
                task = dataclasses.replace(seeded, delta=delta, **changes)
                variant = f"{delta:+d} {reader}"
                yield Unit(table=table, variant=variant, seed=seed, run=vdib(task))
    for delta in deltas:
        yield Unit(table=table, variant=f"{delta:+d} ideal", seed=0, run=ideal(delta, None))
        yield Unit(table=table, variant=f"{delta:+d} ideal, window 5", seed=0, run=ideal(delta, 5))


def main() -> None:
    """Run the units."""
    parser = script_parser(seeds=3)
    parser.add_argument("--delta", type=int, nargs="*", default=[1, 0, -1])
    given = parser.parse_args()
    run_script(
        units(given.seeds, given.delta),
        tables=given.table,
        workers=given.workers,
        cluster=given.cluster,
    )


if __name__ == "__main__":
    main()
