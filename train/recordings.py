"""The shipped tasks on real recordings and images: accuracy against bits, official test parts.

Usage: python train/recordings.py DATA [--workers 2] [--seeds 5] [--table spoken-digits nmnist ...]

DATA is the folder of all data: the Free Spoken Digit Dataset in fsdd, N-MNIST in nmnist, the IDX
files of Fashion-MNIST in fashion_mnist. Every run is kept in runs/results once it is finished;
`python train/results.py` makes the tables.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import neurodeploy as nd
from neurodeploy.experiments import (
    Unit,
    folded,
    pooled,
    run_equal_ann,
    run_script,
    script_parser,
    vdib,
)

BETAS = (0.0, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
DELAY_STEPS = 20
ANN_EPOCHS = 60
IMAGE_SEEDS = 3
"""At most, since a run takes up to half an hour."""
WIDER = {
    "0, half as wide again, mirrored": (1.5, 10),
    "0, twice as wide, mirrored, 16 epochs": (2, 16),
}
"""Channels by those of the shipped task, and epochs, of Fashion-MNIST's larger models."""


def units(data: Path, seeds: int) -> Iterator[Unit]:
    """All runs, seed by seed."""
    names = ("spoken-digits", "new-voices", "nmnist")
    spoken, voices, events = (nd.task(name).in_folder(data) for name in names)
    for seed in range(seeds):
        for beta in BETAS:
            task = dataclasses.replace(spoken, beta=beta).trained_with(seed=seed)
            yield Unit(
                table="spoken-digits", variant=f"{beta:g}", seed=seed, run=vdib(task, threads=1)
            )
        changed = {
            "delays": dataclasses.replace(spoken, delay_steps=DELAY_STEPS),
            "recurrent": dataclasses.replace(spoken, hidden=tuple(map(recurrent, spoken.hidden))),
        }
        for name, task in changed.items():
            variant, run = f"{spoken.beta:g}, {name}", vdib(task.trained_with(seed=seed), threads=1)
            yield Unit(table="spoken-digits", variant=variant, seed=seed, run=run)
        heard = voices.trained_with(seed=seed)
        variant = "as new-voices"
        yield Unit(table="spoken-digits", variant=variant, seed=seed, run=vdib(heard, threads=1))
    assert isinstance(events, nd.RecordedTask)
    for fold, task in enumerate(folded(events)):
        ann = run_equal_ann(task, epochs=ANN_EPOCHS)
        for variant, run in (("convolutions", vdib(task, threads=1)), ("the equal ANN", ann)):
            yield pooled(Unit(table="nmnist", variant=variant, seed=fold, run=run), events)
    images = nd.task("idx-images").in_folder(data / "fashion_mnist")
    models = {
        f"{beta:g}": dataclasses.replace(images, beta=beta) for beta in (0.0, images.beta, 1e-4)
    }
    models |= {name: wider(images, *changes) for name, changes in WIDER.items()}
    for seed in range(min(seeds, IMAGE_SEEDS)):
        for variant, task in models.items():
            run = vdib(task.trained_with(seed=seed), threads=1)
            yield Unit(table="fashion-mnist", variant=variant, seed=seed, run=run)


def recurrent(neurons: Any) -> nd.RecurrentSpec:
    """A hidden layer of spoken digits that hears itself."""
    return nd.RecurrentSpec(neurons=neurons, neuron=nd.task("spoken-digits").neuron)


def wider(images: nd.Task[Any], channels: float, epochs: int) -> nd.Task[Any]:
    """More channels, no price, and images of things that look the same from either side."""
    assert isinstance(images, nd.ImageTask)
    hidden = [
        dataclasses.replace(layer, channels=int(layer.channels * channels))
        if isinstance(layer, nd.ConvSpec)
        else layer
        for layer in images.hidden
    ]
    changed = dataclasses.replace(images, hidden=tuple(hidden), mirrored=True, beta=0.0)
    return changed.trained_with(epochs=epochs)


def main() -> None:
    """Run the units."""
    parser = script_parser(seeds=5)
    parser.add_argument("data", type=Path)
    given = parser.parse_args()
    run_script(units(given.data, given.seeds), given)


if __name__ == "__main__":
    main()
