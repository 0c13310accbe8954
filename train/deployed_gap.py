"""Sampled against deployed: how far their answers are apart, and what a decoder learns of it.

Usage: python train/deployed_gap.py DATA [--workers 2] [--seeds 3]

DATA is the folder of all data: the Free Spoken Digit Dataset in fsdd, the IDX files of
Fashion-MNIST in fashion_mnist. A model is trained as ever, on sampled spikes. On its test part each
sample is drawn ten times at the last temperature, and run once as it is deployed. Then its decoder
learns on for an epoch from deployed spikes of the training part, with the encoder as it is, and the
same is measured again (``decoder tuned``).

Every run is kept in runs/results once it is finished; `python train/results.py` makes the tables.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import predictive_coding
from rich.progress import Progress

import neurodeploy as nd
from neurodeploy.experiments import (
    Run,
    Unit,
    measure_gap,
    run_script,
    script_parser,
    tuned_on_deployed,
)

IMAGES = nd.IdxTask(
    train=10_000,
    validation=1_000,
    encoding=nd.LatencyEncoding(steps=8, threshold=0.3),
    hidden=(256,),
    readout=32,
    neuron=nd.CubaParameters(surrogate_width=0.01),
    decoder="mlp",
    decoder_hidden=128,
    heads=("label",),
    beta=0.002,
    prior=nd.ConstantRate(0.05),
    training=nd.TrainConfig(epochs=6, learning_rate=2e-3, patience_epochs=6),
)
"""Fashion-MNIST with its official test part of 10,000, small and quick."""

TUNED = "decoder tuned"


def tasks(data: Path) -> dict[str, nd.Task[Any]]:
    """What is trained, by the name of its rows."""
    images = IMAGES.in_folder(data / "fashion_mnist")
    spoken = nd.task("spoken-digits").in_folder(data)
    return {
        "fashion-mnist": images,
        "fashion-mnist, to 0.2": images.trained_with(temperature_end=0.2),
        "predictive coding": dataclasses.replace(predictive_coding.TASK, delta=1),
        "spoken digits": spoken,
        "spoken digits, to 0.02": spoken.trained_with(temperature_end=0.02),
    }


def gap(task: nd.Task[Any], *, tuned: bool) -> Run:
    """Train once for both rows, and measure the model, or the one whose decoder learnt on."""

    def run(folder: Path) -> Mapping[str, float]:
        splits = task.splits()
        kept = folder.parent.parent / "models" / folder.parent.name.removesuffix(f", {TUNED}")
        quiet = Progress(disable=True)
        model = nd.train_task(task, splits, kept / folder.name, quiet, threads=1)
        if tuned:
            model = tuned_on_deployed(task, splits, model)
        return measure_gap(task, splits, model)

    return run


def units(data: Path, seeds: int) -> Iterator[Unit]:
    """All runs, seed by seed."""
    for seed in range(seeds):
        for name, task in tasks(data).items():
            seeded = task.trained_with(seed=seed)
            for variant, tuned in ((name, False), (f"{name}, {TUNED}", True)):
                run = gap(seeded, tuned=tuned)
                yield Unit(table="deployed", variant=variant, seed=seed, run=run)


def main() -> None:
    """Run the units."""
    parser = script_parser(seeds=3)
    parser.add_argument("data", type=Path)
    given = parser.parse_args()
    run_script(units(given.data, given.seeds), given)


if __name__ == "__main__":
    main()
