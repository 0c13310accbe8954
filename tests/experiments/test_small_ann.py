"""ANNs that are made smaller, and measured as they are priced."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from neurodeploy.experiments.small_ann import in_integers, pruned_ann, run_small_ann, trained_ann
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.model.eight_bits import EightBits
from neurodeploy.tasks import ImageTask, task

digits = task("digits")
assert isinstance(digits, ImageTask)
SMALL = dataclasses.replace(digits, train=640, training=TrainConfig(epochs=40, patience_epochs=40))


def price(dense: int, effective: float, weights: int) -> dict[str, float]:
    return {"priced": dense + effective / 1e6, "weights": weights}


def test_it_learns_and_is_measured_in_integers() -> None:
    found = run_small_ann(SMALL, price, hidden=(24,))(Path())
    dense = 64 * 24 + 24 * 10
    assert found["accuracy_deployed"] > 0.7
    assert found["test_samples"] == len(SMALL.splits().test)
    assert found["macs_per_sample"] == dense
    assert 0 < found["effective_macs_per_sample"] < dense
    assert found["priced"] == dense + found["effective_macs_per_sample"] / 1e6
    assert found["weights"] == found["weight_bytes"] == dense
    assert run_small_ann(SMALL, price, hidden=(24,))(Path()) == found


def test_pruning_takes_the_smallest_weights_of_all_layers_but_the_last() -> None:
    splits = SMALL.splits()
    ann = trained_ann(SMALL, splits, (24, 12))
    smaller = pruned_ann(SMALL, splits, ann, 0.75)
    for at, kept in ((0, 64 * 24 // 4), (2, 24 * 12 // 4), (4, 12 * 10)):
        assert int(smaller[at].weight.count_nonzero()) == kept
        assert int(ann[at].weight.count_nonzero()) == ann[at].weight.numel()
    first = ann[0].weight.abs()
    gone = smaller[0].weight == 0
    assert first[gone].max() <= first[~gone].min()


def test_fewer_bits_are_fewer_levels_and_less_memory() -> None:
    found = run_small_ann(SMALL, price, hidden=(8,), pruned=0.5, bits=4)(Path())
    assert found["weight_bytes"] == (64 * 8 // 2 + 80) / 2
    ann = torch.nn.Sequential(torch.nn.Linear(9, 4), torch.nn.ReLU())
    coarse = in_integers(ann, 3)
    assert isinstance(coarse[0], EightBits)
    assert len(coarse[0].product.weight.unique()) <= 7
