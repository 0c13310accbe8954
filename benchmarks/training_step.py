"""Is a training step faster than other libraries', and than the dense products that it stands for?

python benchmarks/training_step.py

784-600-256, 30 steps, a batch of 64, 10 % input: forward, backward and Adam, the same loss on the
spikes of the last layer, on one thread and on two. Below it stand the matrix products of such a
step alone, as PyTorch does them: forward and weight gradients of both layers, and the errors that
the second layer hands to the first. Peers have their fastest mode, with every Linear applied to
the whole sequence at once, and neurons as in ``peers.py``; SLAYER has its own CUBA blocks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from networks import BATCH, STEPS, benchmark_spikes
from peers import PEERS
from timing import alternating, machine

from neurodeploy._io.quiet import suppress_output
from neurodeploy.learn.threads import on_threads
from neurodeploy.model.block import Block
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.specs import DenseSpec

LAYERS = ((784, 600), (600, 256))
ROUNDS, WARM_UP = 15, 3
"""Warm-up steps do not learn, so that rates stay what the thresholds make them."""

Step = Callable[[], object]


def dense_products() -> Step:
    """The matrix products of a step, and nothing else."""
    rows = BATCH * STEPS
    spikes = [torch.rand(rows, inputs) for inputs, _ in LAYERS]
    weights = [torch.rand(outputs, inputs) for inputs, outputs in LAYERS]
    errors = [torch.rand(rows, outputs) for _, outputs in LAYERS]

    def step() -> None:
        for arriving, weight, error in zip(spikes, weights, errors, strict=True):
            arriving @ weight.T
            error.T @ arriving
        errors[1] @ weights[1]

    return step


def training_step(
    parameters: Iterator[torch.nn.Parameter], forward: Step, target: torch.Tensor
) -> Step:
    """Forward, backward, Adam, towards a firing rate of each output and sample."""
    optimizer = torch.optim.Adam(parameters, lr=1e-5)

    def step() -> None:
        optimizer.zero_grad()
        (forward() - target).square().sum().backward()
        optimizer.step()

    return step
