"""The ANN that a spiking network is held against: as narrow, sparse and coarse as it may be.

It learns what the spiking network learns, from the same images for as many epochs, with Adam and a
cosine schedule. Then the smallest weights of each layer but the last go, it is trained on without
them, and its layers multiply integers: what is measured is what is priced.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from neurodeploy.experiments.units import Run
from neurodeploy.model.eight_bits import EightBits
from neurodeploy.model.macs import layer_macs
from neurodeploy.signals.datasets import Splits
from neurodeploy.tasks.image import ImageTask

LEARNING_RATE = 1e-3
FURTHER = 0.25
"""Part of the epochs that it is trained on after pruning, and of the learning rate."""


def run_small_ann(
    task: ImageTask,
    price: Any,
    *,
    hidden: Sequence[int],
    pruned: float = 0.0,
    bits: int = 8,
) -> Run:
    """A run that trains an ANN, makes it smaller, and measures it on the test images.

    Parameters
    ----------
    task : ImageTask
        Its images, their distortion, batch size, epochs and seed.
    price : callable
        Of dense and effective multiply-accumulates of a sample, and weights that lie in memory:
        further numbers by name.
    hidden : sequence of int
        Rectified linear units of each hidden layer.
    pruned : float
        Share of the weights of each layer but the last that goes, in [0, 1).
    bits : int
        Of a weight, 2 to 8; activations have 8.
    """

    def run(_: Any) -> Mapping[str, float]:
        splits = task.splits()
        ann = trained_ann(task, splits, hidden)
        if pruned:
            ann = pruned_ann(task, splits, ann, pruned)
        coarse = in_integers(ann, bits)
        images = torch.from_numpy(splits.test.images).flatten(1)
        layers = layer_macs(ann, images).values()
        dense = sum(layer.dense for layer in layers)
        effective = sum(float(layer.effective.mean()) for layer in layers)
        weights = sum(int(each.weight.count_nonzero()) for each in _linear(ann))
        return {
            "accuracy_deployed": accuracy(coarse, splits, "test"),
            "accuracy_validation": accuracy(coarse, splits, "validation"),
            "test_samples": len(splits.test.labels),
            "macs_per_sample": dense,
            "effective_macs_per_sample": effective,
            "weight_bytes": weights * bits / 8,
            **price(dense, effective, weights),
        }

    return run


def trained_ann(task: ImageTask, splits: Splits, hidden: Sequence[int]) -> torch.nn.Sequential:
    """An ANN of so many units, its last epoch."""
    torch.manual_seed(task.training.seed)
    sizes = (splits.test.images[0].size, *hidden, splits.test.classes)
    layers: list[torch.nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    ann = torch.nn.Sequential(*layers[:-1])
    _fit(task, splits, ann, task.training.epochs, LEARNING_RATE)
    return ann


def pruned_ann(
    task: ImageTask, splits: Splits, ann: torch.nn.Sequential, share: float
) -> torch.nn.Sequential:
    """A copy without the smallest weights of each layer but the last, trained on."""
    smaller = copy.deepcopy(ann)
    kept = []
    for layer in _linear(smaller)[:-1]:
        size = layer.weight.detach().abs()
        gone = round(share * size.numel())
        order = size.flatten().argsort(stable=True)[:gone]
        kept.append(torch.ones(size.numel()).index_fill(0, order, 0.0).view_as(size))
    epochs = max(1, round(FURTHER * task.training.epochs))
    _fit(task, splits, smaller, epochs, FURTHER * LEARNING_RATE, kept)
    return smaller


def in_integers(ann: torch.nn.Sequential, bits: int) -> torch.nn.Sequential:
    """A copy whose layers multiply integers, with weights of so many bits."""
    parts = [EightBits(x, bits) if isinstance(x, torch.nn.Linear) else x for x in ann]
    return torch.nn.Sequential(*parts)


@torch.no_grad()
def accuracy(ann: torch.nn.Module, splits: Splits, part: str) -> float:
    """Share of right classes, on one part."""
    images = getattr(splits, part)
    answers = ann(torch.from_numpy(images.images).flatten(1))
    return float((answers.argmax(1) == torch.from_numpy(images.labels)).float().mean())


def _linear(ann: torch.nn.Sequential) -> list[torch.nn.Linear]:
    return [layer for layer in ann if isinstance(layer, torch.nn.Linear)]


def _fit(
    task: ImageTask,
    splits: Splits,
    ann: torch.nn.Sequential,
    epochs: int,
    learning_rate: float,
    kept: Sequence[torch.Tensor] = (),
) -> None:
    """Train; weights that a layer does not keep stay 0."""
    training, layers = task.training, _linear(ann)
    optimiser = torch.optim.Adam(ann.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    source = task.sources(splits).train
    for epoch in range(epochs):
        for batch in source.shuffled(training.batch_size, training.seed, epoch):
            with torch.no_grad():
                for layer, mask in zip(layers, kept, strict=False):
                    layer.weight.mul_(mask)
            optimiser.zero_grad()
            answer = ann(batch.targets["image"])
            torch.nn.functional.cross_entropy(answer, batch.targets["label"]).backward()
            optimiser.step()
        schedule.step()
    with torch.no_grad():
        for layer, mask in zip(layers, kept, strict=False):
            layer.weight.mul_(mask)
