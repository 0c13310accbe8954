from __future__ import annotations

import numpy as np
import torch

from neurodeploy.experiments.oracle import oracle_accuracy, train_oracle
from neurodeploy.signals.datasets import load, split


def test_the_judge_learns_to_read_digits_and_not_noise() -> None:
    splits = split(load("digits"), train=600, validation=10, test=200, seed=0)
    steps: list[tuple[int, int]] = []
    oracle = train_oracle(
        splits.train, steps=300, report=lambda done, total: steps.append((done, total))
    )
    test = splits.test
    assert oracle_accuracy(oracle, test.images, test.labels) > 0.75
    noise = np.random.default_rng(0).random(test.images.shape).astype(np.float32)
    assert oracle_accuracy(oracle, noise, test.labels) < 0.3
    assert steps[0] == (1, 300)
    assert steps[-1] == (300, 300)
    assert not oracle.training


def test_training_is_deterministic_by_seed() -> None:
    splits = split(load("digits"), train=100, validation=10, test=10, seed=0)
    first, again, other = (train_oracle(splits.train, steps=3, seed=s) for s in (1, 1, 2))
    weights = [next(oracle.parameters()) for oracle in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
