"""Event naturalization: from what an event camera saw move to the still image and the class.

Usage: python train/event_naturalization.py [--share 0/2] [--seeds 2]

The camera is simulated (neurodeploy/signals/camera.py) and moves as for N-MNIST or MNIST-DVS.
With recordings of your own, give `EventTask.part` any `neurodeploy.signals.recordings.Recordings`
in place of the filmed digits. Every run is kept in runs/results once it is finished; start the
script again to go on. `python train/tables.py` makes the tables.
"""

import argparse
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import neurodeploy as nd
from neurodeploy.cli.app import progress_bar
from neurodeploy.experiments.measure import measure, measure_images
from neurodeploy.experiments.units import Unit, run_units
from neurodeploy.learn.judge import LeNet, train_judge
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.signals.datasets import load, split
from neurodeploy.tasks.naturalization import EventSplits, EventTask

RESULTS = Path("runs/results")

TASK = EventTask(
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
    neuron=CubaParameters(surrogate_width=0.01),
    beta=0.03,
    prior_rate=0.015,
    class_weight=40.0,
    training=nd.TrainConfig(
        epochs=14, learning_rate=2e-3, patience_epochs=14, warm_up_fraction=0.6
    ),
)


@lru_cache(maxsize=1)
def filmed(motion: str) -> EventSplits:
    """The recordings, filmed once in a process."""
    return dataclasses.replace(TASK, motion=motion).splits()


@lru_cache(maxsize=1)
def judge() -> LeNet:
    """A LeNet that has seen only still digits."""
    parts = split(
        load(TASK.dataset),
        train=TASK.train,
        validation=TASK.validation,
        test=TASK.test,
        seed=TASK.split_seed,
    )
    return train_judge(parts.train)


def vdib(task: EventTask) -> Callable[[Path], Mapping[str, float]]:
    """Train, export, deploy, measure."""

    def run(folder: Path) -> Mapping[str, float]:
        splits = filmed(task.motion)
        model = nd.train_task(task, splits, folder)
        nd.save_bundle(task.bundle(model), folder / "bundle")
        return {
            **measure(task, splits, model),
            **measure_images(task, splits, model, judge()),
        }

    return run


def units(seeds: int) -> Iterator[Unit]:
    """All runs, motion by motion."""
    for motion in ("saccades", "slow"):
        for seed in range(seeds):
            training = dataclasses.replace(TASK.training, seed=seed)
            task = dataclasses.replace(TASK, motion=motion, training=training)
            yield Unit(table="event-naturalization", variant=motion, seed=seed, run=vdib(task))


def main() -> None:
    """Run this process's share of the units."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", default="0/1")
    parser.add_argument("--seeds", type=int, default=2)
    given = parser.parse_args()
    place, processes = map(int, given.share.split("/"))
    with progress_bar() as progress:
        run_units(list(units(given.seeds)), RESULTS, share=(place, processes), progress=progress)


if __name__ == "__main__":
    main()
