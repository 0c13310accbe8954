"""Predictive coding: the pair of places that two moving blobs will light, said at every step.

Usage: python train/predictive_coding.py [--workers 2] [--seeds 3] [--delta 1]

As in Skatchkovsky, Simeone, Jang 2021, but for their readout, which has learnt filters: here its
currents and voltages integrate, and the chip runs it. The spikes of a step name its pair, so that
only a pair to come has to be guessed. A decoder of the last step sees what the encoder remembers;
one of counts how often each neuron spoke in 5 steps, and not when. The encoder without memory sends
what the last input says. *ideal* knows the law of the blobs and sees the input itself, all of it or
the last step only; *same pair again* says what the input shows.

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
    DeepCounts,
    LastStep,
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
    neuron=nd.CubaParameters(current_decay=0.5, voltage_decay=0.3, surrogate_width=0.01),
    beta=0.01,  # of the sum over neurons; the paper's 1 is of their mean, 0.1 here
    prior=nd.ConstantRate(0.2),
    train=1000,
    training=nd.TrainConfig(
        epochs=16, batch_size=20, learning_rate=0.01, patience_epochs=16, temperature_end=0.005
    ),
)

WITHOUT_MEMORY = nd.CubaParameters(current_decay=1.0, voltage_decay=1.0, surrogate_width=0.01)

READERS: dict[str, dict[str, Any]] = {
    "mlp": {},
    "linear": {"decoder": "linear"},
    "last step": {"decoder": LastStep},
    "counts": {"decoder": DeepCounts},
    "counts, one layer": {"decoder": "rate"},
    "mlp, encoder without memory": {"neuron": WITHOUT_MEMORY},
    "last step, encoder without memory": {"decoder": LastStep, "neuron": WITHOUT_MEMORY},
}
"""What differs from the task: the decoder, and the encoder's neuron."""

WINDOW_PARTICLES = 500
"""Enough for a window of few steps, as `ideal_decoder` says; all inputs take its own number."""


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
        few = {} if window is None else {"window": window, "particles": WINDOW_PARTICLES}
        posterior = ideal_decoder(TASK.blobs, spikes, rng, delta=delta, **few)
        return shares(posterior.argmax(-1), spikes, delta)

    return run


def same_again(delta: int) -> Run:
    """What is reached by saying the pair that the input shows, without any decoder."""

    def run(folder: Path) -> Mapping[str, float]:
        spikes = TASK.splits().test[0]
        return shares(TASK.blobs.pair_index(TASK.blobs.read(spikes)), spikes, delta)

    return run


def shares(named: np.ndarray, spikes: np.ndarray, delta: int) -> Mapping[str, float]:
    """How often pairs [sample, time] are those of ``delta`` steps later."""
    pairs = TASK.blobs.pair_index(TASK.blobs.read(spikes))
    right = [
        blob_accuracy(named[each : each + 1], pairs[each : each + 1], delta=delta)
        for each in range(len(pairs))
    ]
    asked = np.full(len(pairs), pairs.shape[1])
    return {
        "accuracy_deployed": float(np.mean(right)),
        "test_samples": independent_answers(np.array(right) * asked, asked),
    }


def units(seeds: int, deltas: list[int]) -> Iterator[Unit]:
    """What needs no decoder; all runs, seed by seed; then what is ideal, which has no seed."""
    table = "predictive-coding"
    for delta in deltas:
        yield Unit(
            table=table, variant=f"{delta:+d} same pair again", seed=0, run=same_again(delta)
        )
    for seed in range(seeds):
        seeded = TASK.trained_with(seed=seed)
        for delta in deltas:
            for reader, changes in READERS.items():
                task = dataclasses.replace(seeded, delta=delta, **changes)
                variant = f"{delta:+d} {reader}"
                yield Unit(table=table, variant=variant, seed=seed, run=vdib(task))
    for delta in deltas:
        yield Unit(table=table, variant=f"{delta:+d} ideal", seed=0, run=ideal(delta, None))
        yield Unit(table=table, variant=f"{delta:+d} ideal, last step", seed=0, run=ideal(delta, 1))


def main() -> None:
    """Run the units."""
    parser = script_parser(seeds=3)
    parser.add_argument("--delta", type=int, nargs="*", default=[1])
    given = parser.parse_args()
    run_script(units(given.seeds, given.delta), given)


if __name__ == "__main__":
    main()
