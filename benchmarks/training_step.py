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
from collections.abc import Callable, Iterable
from functools import partial

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from networks import BATCH, STEPS, benchmark_spikes
from peers import PEERS, Forward, Mode, linear_layers
from timing import alternating, machine

from neurodeploy._io.lava import lava_imports
from neurodeploy._io.quiet import suppress_output
from neurodeploy.learn.adam import Adam
from neurodeploy.learn.threads import on_threads
from neurodeploy.model.block import Block
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.specs import DenseSpec

LAYERS = ((784, 600), (600, 256))
NEURON = CubaParameters(current_decay=0.5, voltage_decay=0.1, surrogate_width=0.01)
ROUNDS, WARM_UP = 15, 3
THREADS = (1, 2)

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
    adam: type[torch.optim.Adam],
    parameters: Iterable[torch.nn.Parameter],
    rates: Callable[[], torch.Tensor],
) -> Step:
    """Forward, backward, Adam, towards a firing rate of a tenth of each output in each sample.

    It hardly learns, so that spikes stay as many as the thresholds make them.
    """
    optimizer = adam(parameters, lr=1e-7)

    def step() -> None:
        optimizer.zero_grad()
        (rates() - 0.1).square().sum().backward()
        optimizer.step()

    return step


def ours(spikes: torch.Tensor) -> tuple[Step, float]:
    """Blocks of this package, [sample, feature, time]."""
    blocks = []
    for inputs, neurons in LAYERS:
        blocks.append(Block(DenseSpec(neurons=neurons, neuron=NEURON), (inputs,)))
    model = torch.nn.Sequential(*blocks)
    weights = [parameter for name, parameter in model.named_parameters() if "weight" in name]
    step = training_step(Adam, weights, lambda: model(spikes).mean(-1))
    return step, float(model(spikes).mean())


def slayers(spikes: torch.Tensor) -> tuple[Step, float]:
    """SLAYER's own blocks of the same neurons, [sample, feature, time]."""
    with lava_imports():
        from lava.lib.dl import slayer
    neuron = {
        "threshold": NEURON.threshold,
        "current_decay": NEURON.current_decay,
        "voltage_decay": NEURON.voltage_decay,
        "tau_grad": NEURON.surrogate_width,
    }
    blocks = torch.nn.Sequential(
        *(slayer.block.cuba.Dense(neuron, inputs, n, weight_scale=2) for inputs, n in LAYERS)
    )
    blocks(spikes)
    step = training_step(
        torch.optim.Adam,
        [parameter for name, parameter in blocks.named_parameters() if "weight" in name],
        lambda: blocks(spikes).mean(-1),
    )
    return step, float(blocks(spikes).mean())


def peer(
    build: Callable[[list[torch.nn.Linear], Mode], Forward], spikes: torch.Tensor
) -> tuple[Step, float]:
    """Another library, with Linear layers, on spikes [time, sample, feature]."""
    linears = linear_layers()
    forward = build(linears, torch.nn.Module.train)
    step = training_step(
        torch.optim.Adam, torch.nn.ModuleList(linears).parameters(), lambda: forward(spikes).mean(0)
    )
    return step, float(forward(spikes).mean())


def on(threads: int, step: Step) -> None:
    """Run on so many threads: PyTorch's, or for our blocks those of a training."""
    torch.set_num_threads(threads)
    step()


def on_our(threads: int, step: Step) -> None:
    """Run as `Trainer` does."""
    with on_threads(threads):
        step()


def main() -> None:
    """Measure and print."""
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    batch = torch.from_numpy(benchmark_spikes()).float()
    time_first = batch.movedim(-1, 0).contiguous()
    print(machine())
    print(f"784-600-256, batch of {BATCH}, {STEPS} steps, 10 % input, PyTorch {torch.__version__}")
    builds: dict[str, Callable[[], tuple[Step, float]]] = {
        "neurodeploy": partial(ours, batch),
        "SLAYER": partial(slayers, batch),
        **{name: partial(peer, build, time_first) for name, (_, build) in PEERS.items()},
    }
    steps: dict[str, Step] = {"dense products": dense_products()}
    for name, build in builds.items():
        try:
            with suppress_output():
                steps[name], rate = build()
                steps[name]()
        except ImportError as error:
            print(f"{name}: absent, {error}")
            continue
        print(f"{name}: rate of the last layer {rate:.3f}")
    for threads in THREADS:
        works = [
            partial(on_our if name == "neurodeploy" else on, threads, step)
            for name, step in steps.items()
        ]
        times = np.array(alternating(works, ROUNDS))
        mine = times[:, list(steps).index("neurodeploy")]
        print(f"threads {threads}:")
        for name, taken in zip(steps, times.T, strict=True):
            ratio = np.median(taken / mine)
            print(f"  {name}: {np.median(taken) * 1e3:.1f} ms, x{ratio:.2f} of neurodeploy")


if __name__ == "__main__":
    main()
