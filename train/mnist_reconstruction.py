"""The paper's MNIST model: the image and the class from the spikes of 256 readout neurons.

Usage: python train/mnist_reconstruction.py [--workers 2] [--seeds 3] [--table TABLE ...]

Latency and rate encoding, with the class or, as the paper has it, for the image alone (table
mnist), and ever fewer spikes (table mnist-rate). Every run is kept in runs/results once it is
finished, with its bundle; start the script again to go on. `python train/results.py` makes the
tables.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from rich.progress import Progress

import neurodeploy as nd
from neurodeploy.experiments import (
    LeNet,
    Run,
    Unit,
    measure,
    measure_images,
    run_script,
    script_parser,
    train_oracle,
)

TASK = nd.ImageTask(
    dataset="mnist",
    train=4000,
    validation=500,
    test=500,
    encoding=nd.LatencyEncoding(steps=30, threshold=0.2),
    hidden=(600,),
    readout=256,
    neuron=nd.CubaParameters(surrogate_width=0.01),
    decoder="mlp",
    decoder_hidden=512,
    beta=0.03,
    prior=nd.ConstantRate(0.015),
    class_weight=40.0,
    shift_px=1,
    distortion=nd.Distortion(rotate_deg=10, scale=0.1, elastic_px=0.8),
    training=nd.TrainConfig(
        epochs=28, learning_rate=2e-3, patience_epochs=28, warm_up_fraction=0.6
    ),
)

ENCODINGS: dict[str, nd.Encoding] = {
    "latency": TASK.encoding,
    "rate": nd.RateEncoding(steps=30),
}
WEIGHTS = {"0.05": (0.01, 0.05), "0.008": (0.06, 0.008), "0.004": (0.12, 0.004)}
"""Beta and rate of the prior of the other points of the curve."""


@lru_cache(maxsize=1)
def oracle() -> LeNet:
    """A LeNet that never saw a spike."""
    return train_oracle(TASK.splits().train)


def vdib(task: nd.ImageTask) -> Run:
    """Train, export, deploy, measure."""

    def run(folder: Path) -> Mapping[str, float]:
        splits = task.splits()
        model = nd.train_task(task, splits, folder, Progress(disable=True))
        nd.save_bundle(task.bundle(model), folder / "bundle")
        return {
            **measure(task, splits, model),
            **measure_images(task, splits, model, oracle()),
        }

    return run


def units(seeds: int) -> Iterator[Unit]:
    """All runs, seed by seed."""
    for seed in range(seeds):
        task = TASK.trained_with(seed=seed)
        for name, encoding in ENCODINGS.items():
            changed = dataclasses.replace(task, encoding=encoding)
            yield Unit(table="mnist", variant=name, seed=seed, run=vdib(changed))
            alone = dataclasses.replace(changed, heads=("image",))
            yield Unit(table="mnist", variant=f"{name}, image alone", seed=seed, run=vdib(alone))
        for name, (beta, rate) in WEIGHTS.items():
            changed = dataclasses.replace(task, beta=beta, prior=nd.ConstantRate(rate))
            yield Unit(table="mnist-rate", variant=f"prior {name}", seed=seed, run=vdib(changed))


def main() -> None:
    """Run the units."""
    given = script_parser(seeds=3).parse_args()
    run_script(units(given.seeds), given)


if __name__ == "__main__":
    main()
