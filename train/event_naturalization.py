"""Event naturalization: from what an event camera saw move to the still image and the class.

Usage: python train/event_naturalization.py [--workers 2] [--seeds 3]

The camera is simulated (neurodeploy/signals/camera.py) and moves as for N-MNIST or MNIST-DVS.
With recordings of your own, give `EventTask.part` any `neurodeploy.signals.Recordings`
in place of the filmed digits. Every run is kept in runs/results once it is finished; start the
script again to go on. `python train/results.py` makes the tables.
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
from neurodeploy.signals import load

TASK = nd.EventTask(
    dataset="mnist",
    train=4000,
    validation=500,
    test=500,
    motion="saccades",
    steps=30,
    hidden=(800,),
    readout=256,
    decoder="mlp",
    decoder_hidden=512,
    neuron=nd.CubaParameters(surrogate_width=0.01),
    beta=0.03,
    prior=nd.ConstantRate(0.015),
    class_weight=40.0,
    training=nd.TrainConfig(
        epochs=14, learning_rate=2e-3, patience_epochs=14, warm_up_fraction=0.6
    ),
)


@lru_cache(maxsize=1)
def filmed(motion: str) -> nd.EventSplits:
    """The recordings, filmed once in a process."""
    return dataclasses.replace(TASK, motion=motion).splits()


@lru_cache(maxsize=1)
def oracle() -> LeNet:
    """A LeNet that has seen only still digits."""
    return train_oracle(TASK.divided(load(TASK.dataset)).train)


def vdib(task: nd.EventTask) -> Run:
    """Train, export, deploy, measure."""

    def run(folder: Path) -> Mapping[str, float]:
        splits = filmed(task.motion)
        model = nd.train_task(task, splits, folder, Progress(disable=True))
        nd.save_bundle(task.bundle(model), folder / "bundle")
        return {
            **measure(task, splits, model),
            **measure_images(task, splits, model, oracle()),
        }

    return run


def units(seeds: int) -> Iterator[Unit]:
    """All runs, motion by motion."""
    for motion in ("saccades", "slow"):
        for seed in range(seeds):
            task = dataclasses.replace(TASK, motion=motion).trained_with(seed=seed)
            yield Unit(table="event-naturalization", variant=motion, seed=seed, run=vdib(task))


def main() -> None:
    """Run the units."""
    given = script_parser(seeds=3).parse_args()
    run_script(units(given.seeds), given)


if __name__ == "__main__":
    main()
