"""What does a network that was trained in snnTorch lose on the way to integers?

python benchmarks/snntorch_digits.py        (in the environment of `make benchmark`)

784-128-10 of Leaky neurons that reset to 0, trained on the shipped MNIST digits with snnTorch's own
surrogate and loss, written by its own `export_to_nir`, converted, and run by the native engine on
the spikes that the module got, with a silent step at the end for each layer of latency: 3,900
digits to train on, 1,000 to test, 25 steps, a seed for each split and training. Finished rows are
kept in runs/results.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch

import neurodeploy as nd
from neurodeploy.experiments import (
    RESULTS,
    Column,
    Unit,
    markdown_table,
    run_script,
    script_parser,
)
from neurodeploy.experiments.summary import summarise
from neurodeploy.signals.datasets import Splits, load, split

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import nir
    import snntorch
    from snntorch import functional
    from snntorch.export_nir import export_to_nir

TABLE = "snntorch-digits"
STEPS, HIDDEN, EPOCHS, BATCH, LEARNING_RATE, CALIBRATING = 25, 128, 12, 64, 1e-3, 200
WAYS = {"8 bits": (8, False), "4 bits": (4, False), "4 bits, calibrated": (4, True)}
COLUMNS = (
    Column(number="module", head="snnTorch, %", scale=100),
    Column(number="accuracy", head="integers, %", scale=100),
    Column(number="lost", head="points lost", scale=100, digits=2),
    Column(number="same_answer", head="same answers, %", scale=100),
    Column(number="counts", head="counts different, %", scale=100),
)


def leaky(count: int) -> snntorch.Leaky:
    """Neurons as a graph says them."""
    return snntorch.Leaky(
        beta=torch.full((count,), 0.9),
        threshold=torch.ones(count),
        init_hidden=True,
        reset_mechanism="zero",
        reset_delay=False,
    )


def encoded(images: np.ndarray, seed: int) -> np.ndarray:
    """Spikes uint8 [sample, pixel, time], each with the pixel's grey value as its probability."""
    grey = images.reshape(len(images), -1, 1)
    drawn = np.random.default_rng(seed).random((*grey.shape[:2], STEPS), np.float32)
    return (drawn < grey).astype(np.uint8)


def sent(modules: torch.nn.Sequential, spikes: np.ndarray) -> torch.Tensor:
    """Output spikes [time, sample, class], from rest."""
    for module in modules:
        if isinstance(module, snntorch.Leaky):
            module.reset_mem()
    steps = torch.from_numpy(np.moveaxis(spikes, -1, 0)).float()
    return torch.stack([modules(step) for step in steps])


@cache
def digits(seed: int) -> Splits:
    """Those to train on and those to test."""
    return split(load("mnist"), train=3900, validation=100, test=1000, seed=seed)


@cache
def trained(seed: int) -> torch.nn.Sequential:
    """A module after all epochs."""
    torch.manual_seed(seed)
    images, labels = digits(seed).train.images, digits(seed).train.labels
    modules = torch.nn.Sequential(
        *(torch.nn.Linear(784, HIDDEN, bias=False), leaky(HIDDEN)),
        *(torch.nn.Linear(HIDDEN, 10, bias=False), leaky(10)),
    )
    optimizer = torch.optim.Adam(modules.parameters(), LEARNING_RATE)
    loss_of = functional.ce_count_loss()
    order = np.random.default_rng(seed)
    for epoch in range(EPOCHS):
        for chosen in np.array_split(order.permutation(len(images)), len(images) // BATCH):
            given = encoded(images[chosen], 1000 * epoch + int(chosen[0]))
            loss = loss_of(sent(modules, given), torch.from_numpy(labels[chosen]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return modules


def measure(bits: int, calibrated: bool, seed: int, folder: Path) -> Mapping[str, float]:
    """Train, export, convert, run."""
    parts, modules = digits(seed), trained(seed)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "snntorch.nir"
    nir.write(path, export_to_nir(modules, torch.zeros(1, 784), ignore_dims=[0]))
    network = nd.from_nir(
        path,
        profile="snntorch",
        bits=bits,
        calibrate=encoded(parts.train.images[:CALIBRATING], seed) if calibrated else None,
    )
    spikes = encoded(parts.test.images, seed)
    with torch.no_grad():
        expected = sent(modules, spikes).sum(0).numpy()
    spikes = np.pad(spikes, ((0, 0), (0, 0), (0, network.latency_steps)))
    counts = nd.simulate(network, spikes).spikes.sum(-1, dtype=np.int64)
    module, integers = (each.argmax(1) == parts.test.labels for each in (expected, counts))
    return {
        "module": float(module.mean()),
        "accuracy": float(integers.mean()),
        "lost": float(module.mean() - integers.mean()),
        "same_answer": float((expected.argmax(1) == counts.argmax(1)).mean()),
        "counts": float(np.abs(counts - expected).sum() / expected.sum()),
    }


def main() -> None:
    """Measure what is missing, and print the table."""
    given = script_parser(seeds=3).parse_args()
    units = (
        Unit(
            table=TABLE,
            variant=name,
            seed=seed,
            run=partial(measure, *way, seed),
        )
        for name, way in WAYS.items()
        for seed in range(given.seeds)
    )
    run_script(units, given)
    found = summarise(RESULTS)[TABLE]
    print(markdown_table({name: found[name] for name in WAYS}, "network", COLUMNS))


if __name__ == "__main__":
    main()
