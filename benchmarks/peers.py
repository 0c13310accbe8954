"""Is the native engine faster than other libraries for spiking networks, on the CPU?

python benchmarks/peers.py

784-600-256 everywhere, with the same weights, Linear layers included, and the same input. Each
library runs in its fastest mode: no gradients, evaluation, float32, every Linear applied to the
whole sequence at once; with as many threads as cores and with one, of which the faster counts.
Neurons are leaky integrate-and-fire with a synaptic current where the library has such, and
without where it has not (SpikingJelly), and reset in the way that is cheapest for the library;
both favour the peer. So does this: the native engine's time includes counting and the spikes
of both layers. Thresholds are set for like dynamics; the printed rates of the last layer show it.
Its batches run on all cores; what it takes on one is printed, too, but not compared.
"""

from __future__ import annotations

import importlib.metadata
import math
import os
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from networks import BATCH, STEPS, benchmark_network, benchmark_spikes
from timing import alternating, machine

from neurodeploy._io.quiet import suppress_output
from neurodeploy.engines.native import NativeEngine
from neurodeploy.netx.layers import Dense

ROUNDS, WARM_UP = 15, 5
CURRENT_KEPT, VOLTAGE_KEPT = 0.5, 0.9

Forward = Callable[[torch.Tensor], torch.Tensor]
"""From spikes [time, sample, feature] to those of the last layer, each sample from rest."""

Mode = Callable[[Any], Any]
"""``torch.nn.Module.eval`` or ``torch.nn.Module.train``."""


def snntorch_forward(linears: list[torch.nn.Linear], mode: Mode) -> Forward:
    """`Synaptic`, step by step."""
    from snntorch import Synaptic

    neurons = [mode(Synaptic(alpha=CURRENT_KEPT, beta=VOLTAGE_KEPT)) for _ in linears]

    def forward(spikes: torch.Tensor) -> torch.Tensor:
        for linear, neuron in zip(linears, neurons, strict=True):
            current, voltage = neuron.reset_mem()
            steps = []
            for arriving in linear(spikes):
                spike, current, voltage = neuron(arriving, current, voltage)
                steps.append(spike)
            spikes = torch.stack(steps)
        return spikes

    return forward


def spikingjelly_forward(linears: list[torch.nn.Linear], mode: Mode) -> Forward:
    """`LIFNode` in multi-step mode, which TorchScript runs; no synaptic current."""
    from spikingjelly.activation_based import functional, neuron

    model = torch.nn.Sequential()
    for linear in linears:
        node = neuron.LIFNode(
            tau=1 / (1 - VOLTAGE_KEPT),
            decay_input=False,
            v_threshold=1 - CURRENT_KEPT,
            v_reset=None,
            step_mode="m",
        )
        model.extend([linear, node])
    mode(model)

    def forward(spikes: torch.Tensor) -> torch.Tensor:
        functional.reset_net(model)
        return model(spikes)

    return forward


def norse_forward(linears: list[torch.nn.Linear], mode: Mode) -> Forward:
    """`LIF` over whole sequences, in a `SequentialState`."""
    from norse.torch import LIF, LIFParameters, SequentialState

    parameters = LIFParameters(
        tau_syn_inv=torch.tensor((1 - CURRENT_KEPT) * 1000),
        tau_mem_inv=torch.tensor((1 - VOLTAGE_KEPT) * 1000),
        v_th=torch.tensor(1 - VOLTAGE_KEPT),
    )
    layers = [layer for linear in linears for layer in (linear, LIF(parameters))]
    model = mode(SequentialState(*layers))
    return lambda spikes: model(spikes)[0]


def sinabs_forward(linears: list[torch.nn.Linear], mode: Mode) -> Forward:
    """`LIF` over whole sequences, which sinabs has as [sample, time, feature]."""
    from sinabs.activation import SingleSpike
    from sinabs.layers import LIF

    neurons = [
        mode(
            LIF(
                tau_mem=-1 / math.log(VOLTAGE_KEPT),
                tau_syn=-1 / math.log(CURRENT_KEPT),
                spike_threshold=torch.tensor(CURRENT_KEPT),
                spike_fn=SingleSpike,
                norm_input=False,
            )
        )
        for _ in linears
    ]

    def forward(spikes: torch.Tensor) -> torch.Tensor:
        spikes = spikes.transpose(0, 1)
        for linear, neuron in zip(linears, neurons, strict=True):
            neuron.reset_states()
            spikes = neuron(linear(spikes))
        return spikes.transpose(0, 1)

    return forward


PEERS: dict[str, tuple[str, Callable[[list[torch.nn.Linear], Mode], Forward]]] = {
    "snntorch": ("Synaptic", snntorch_forward),
    "spikingjelly": ("LIFNode, no synaptic current", spikingjelly_forward),
    "norse": ("LIF", norse_forward),
    "sinabs": ("LIF with tau_syn", sinabs_forward),
}


def linear_layers() -> list[torch.nn.Linear]:
    """The network's weights as fractions of the threshold of their neurons."""
    linears = []
    for layer in benchmark_network().layers:
        assert isinstance(layer, Dense)
        outputs, inputs = layer.weight.shape
        linear = torch.nn.Linear(inputs, outputs, bias=False)
        linear.weight.data = torch.from_numpy(layer.weight / layer.neuron.threshold).float()
        linears.append(linear)
    return linears


def on_threads(threads: int, forward: Forward, spikes: torch.Tensor) -> torch.Tensor:
    """Run with so many threads of PyTorch."""
    torch.set_num_threads(threads)
    return forward(spikes)


@torch.no_grad()
def main() -> None:
    """Measure and print."""
    batch = benchmark_spikes()
    engine, single = (NativeEngine(benchmark_network(), threads=count) for count in (None, 1))
    spikes = torch.from_numpy(np.ascontiguousarray(batch.transpose(2, 0, 1))).float()
    print(machine())
    print(f"784-600-256, batch of {BATCH}, {STEPS} steps, 10 % input, PyTorch {torch.__version__}")
    print(f"native: rate {engine.run(batch).spikes.mean():.3f}")
    works: dict[tuple[str, int], Callable[[], Any]] = {
        ("native", engine.threads): partial(engine.run, batch),
        ("native", 1): partial(single.run, batch),
    }
    for name, (neuron, build) in PEERS.items():
        try:
            with suppress_output():
                forward = build(linear_layers(), torch.nn.Module.eval)
        except ImportError as error:
            print(f"{name}: absent, {error}")
            continue
        for _ in range(WARM_UP):
            rate = forward(spikes).mean()
        print(f"{name} {importlib.metadata.version(name)}, {neuron}: rate {rate:.3f}")
        for threads in (engine.threads, 1):
            works[name, threads] = partial(on_threads, threads, forward, spikes)

    times = np.array(alternating(list(works.values()), ROUNDS))
    ratios = dict(zip(works, np.median(times / times[:, :1], axis=0), strict=True))
    for (name, threads), taken in zip(works, np.median(times, axis=0), strict=True):
        ratio = ratios[name, threads]
        print(f"{name}, threads {threads}: {taken / BATCH * 1e3:.4f} ms a sample, x{ratio:.2f}")
    peers = [key for key in works if key[0] != "native"]
    if peers:
        fastest = min(peers, key=ratios.__getitem__)
        print(f"native is x{ratios[fastest]:.1f} faster than the fastest peer, {fastest[0]}")


if __name__ == "__main__":
    main()
