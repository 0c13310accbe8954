"""NeuroBench's own code on equal networks gives what our counts and metrics give, exactly.

Optional: `make outside` runs it in an environment that has NeuroBench.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("neurobench", reason="make outside installs it")
    import snntorch as snn
    from neurobench.benchmarks import Benchmark
    from neurobench.metrics.static import ConnectionSparsity, Footprint
    from neurobench.metrics.workload import (
        ActivationSparsity,
        MembraneUpdates,
        SynapticOperations,
    )
    from neurobench.models import SNNTorchModel, TorchModel

from neurodeploy._io.lava import lava_imports
from neurodeploy.cost.host import Host
from neurodeploy.cost.metrics import (
    connection_sparsity,
    footprint_bytes,
    membrane_updates,
    network_metrics,
)
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.engines.native import NativeEngine
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.macs import layer_macs
from neurodeploy.netx.layers import Conv, Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.signals.encode import SpikeInput

with lava_imports():
    from lava.lib.dl import slayer

SAMPLES, STEPS = 4, 12


# --- equal networks ----------------------------------------------------------------------------


class Cuba(snn.SpikingNeuron):
    """The neuron of `CubaNeuron`, in whole numbers, as NeuroBench looks for neurons."""

    def __init__(self, layer: Dense | Conv) -> None:
        super().__init__(init_hidden=True)
        self.rules = layer.neuron
        bias = torch.zeros(1) if layer.bias is None else torch.from_numpy(layer.bias)
        self.bias = bias.double() * 64

    def rest(self, shape: tuple[int, ...]) -> None:
        self.current, self.mem = torch.zeros(shape).double(), torch.zeros(shape).double()

    def forward(self, arriving: torch.Tensor) -> torch.Tensor:
        keep_u, keep_v = 4096 - self.rules.current_decay, 4096 - self.rules.voltage_decay
        bias = self.bias.reshape(-1, *(1,) * (arriving.ndim - 2))
        self.current = torch.trunc(self.current * keep_u / 4096) + arriving * 64
        voltage = torch.trunc(self.mem * keep_v / 4096) + self.current + bias
        spikes = voltage > self.rules.threshold * 64
        self.mem = torch.where(spikes, 0.0, voltage)
        return spikes.double()


class OverTime(torch.nn.Module):
    """A SLAYER synapse, whose weights are those of a Conv3d over [..., time], for one step."""

    def __init__(self, synapse: torch.nn.Conv3d, weight: np.ndarray) -> None:
        super().__init__()
        self.synapse = synapse.double()
        self.synapse.weight.data[:] = torch.from_numpy(weight).reshape(synapse.weight.shape)

    def forward(self, spikes: torch.Tensor) -> torch.Tensor:
        return self.synapse(spikes[..., None])[..., 0]


def of_slayer(layer: Dense | Conv, weight: np.ndarray) -> torch.nn.Module:
    outputs, inputs = weight.shape[:2]
    if isinstance(layer, Dense):
        return OverTime(slayer.synapse.Dense(inputs, outputs), weight)
    synapse = slayer.synapse.Conv(
        inputs * layer.groups,
        outputs,
        weight.shape[2:],
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
        groups=layer.groups,
    )
    return OverTime(synapse, weight)


def of_torch(layer: Dense | Conv, weight: np.ndarray) -> torch.nn.Module:
    outputs, inputs = weight.shape[:2]
    module: torch.nn.Linear | torch.nn.Conv2d
    if isinstance(layer, Dense):
        module = torch.nn.Linear(inputs, outputs, bias=False)
    else:
        module = torch.nn.Conv2d(
            inputs * layer.groups,
            outputs,
            weight.shape[2:],
            stride=layer.stride,
            padding=layer.padding,
            dilation=layer.dilation,
            groups=layer.groups,
            bias=False,
        )
    module = module.double()
    module.weight.data[:] = torch.from_numpy(weight)
    return module


class Stepped(torch.nn.Module):
    """A network for one step at a time; spikes reach the next neurons one step later."""

    def __init__(self, network: Network, synapse: Callable[..., torch.nn.Module]) -> None:
        super().__init__()
        self.shapes = network.shapes
        self.synapses = torch.nn.ModuleList(
            synapse(layer, layer.weight) for layer in network.layers
        )
        self.recurrent = torch.nn.ModuleDict(
            {
                str(index): synapse(layer, layer.recurrent_weight)
                for index, layer in enumerate(network.layers)
                if getattr(layer, "recurrent_weight", None) is not None
            }
        )
        self.neurons = torch.nn.ModuleList(map(Cuba, network.layers))

    def reset(self) -> None:
        shapes = [(SAMPLES, *shape) for shape in self.shapes]
        self.arriving = [torch.zeros(shape).double() for shape in shapes]
        for neuron, shape in zip(self.neurons, shapes, strict=True):
            neuron.rest(shape)

    def forward(self, spikes: torch.Tensor) -> tuple[torch.Tensor, None]:
        for index, (synapse, neuron) in enumerate(zip(self.synapses, self.neurons, strict=True)):
            sent = neuron(self.arriving[index])
            dense = len(self.shapes[index]) == 1
            self.arriving[index] = synapse(spikes.flatten(1) if dense else spikes)
            if str(index) in self.recurrent:
                self.arriving[index] += self.recurrent[str(index)](sent)
            spikes = sent
        return spikes, None


def neuron(**changes: Any) -> CubaNeuron:
    return CubaNeuron(**{"current_decay": 900, "voltage_decay": 400, "threshold": 70, **changes})


def weights(*shape: int, seed: int = 0) -> np.ndarray:
    """Even, a third of them 0."""
    rng = np.random.default_rng(seed)
    return 2 * rng.integers(-9, 15, shape) * (rng.random(shape) > 1 / 3)


def dense() -> Network:
    layers = (
        Dense(weight=weights(9, 7), neuron=neuron(), bias=[5, -3, 20, 0, 0, 11, 2, 70, -90]),
        Dense(weight=weights(5, 9, seed=1), neuron=neuron(current_decay=4096)),
    )
    return Network(input_shape=(7,), layers=layers)


def recurrent() -> Network:
    layers = (
        Dense(weight=weights(6, 7), neuron=neuron(), recurrent_weight=weights(6, 6, seed=3)),
        Dense(weight=weights(3, 6, seed=1), neuron=neuron()),
    )
    return Network(input_shape=(7,), layers=layers)


def convolution() -> Network:
    layers = (
        Conv(weight=weights(4, 2, 3, 3), neuron=neuron(), padding=(1, 2), stride=(1, 2)),
        Conv(weight=weights(6, 2, 2, 3, seed=1), neuron=neuron(), groups=2, padding=(2, 0)),
        Conv(weight=weights(3, 6, 2, 2, seed=2), neuron=neuron(), dilation=(2, 1)),
        Dense(weight=weights(5, 3 * 6 * 1, seed=3), neuron=neuron()),
    )
    return Network(input_shape=(2, 5, 6), layers=layers)


def graded() -> Network:
    layers = (
        Dense(weight=weights(6, 7), neuron=neuron(threshold=400)),
        Dense(weight=weights(3, 6, seed=1), neuron=neuron()),
    )
    return Network(input_shape=(7,), layers=layers, input_bits=4)


def signal(network: Network, seed: int = 5) -> np.ndarray:
    """Spikes [sample, *features, time]; graded ones of at least 2."""
    rng = np.random.default_rng(seed)
    shape = (SAMPLES, *network.input_shape, STEPS)
    ones = rng.random(shape) < 0.3
    return ones * rng.integers(2, 16, shape) if network.input_bits else ones.astype(np.uint8)


def benchmarked(
    network: Network, spikes: np.ndarray, synapse: Callable[..., torch.nn.Module]
) -> tuple[dict[str, Any], np.ndarray]:
    """What NeuroBench reports of the equal network, and the spikes that come out."""
    outputs = []
    model = SNNTorchModel(Stepped(network, synapse))
    data = torch.from_numpy(np.moveaxis(spikes, -1, 1).astype(np.float64))
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(data, torch.zeros(SAMPLES)), batch_size=SAMPLES
    )
    static = [ConnectionSparsity]
    workload = [ActivationSparsity, MembraneUpdates, SynapticOperations]
    keep = lambda spikes: outputs.append(spikes) or spikes  # noqa: E731
    report = Benchmark(model, loader, [], [keep], [static, workload]).run(quiet=True)
    return report, np.moveaxis(outputs[0].numpy(), 1, -1)


# --- equal figures -----------------------------------------------------------------------------


@pytest.mark.parametrize("synapse", [of_slayer, of_torch])
@pytest.mark.parametrize("make", [dense, recurrent, convolution, graded])
def test_it_counts_what_we_count(
    make: Callable[[], Network], synapse: Callable[..., torch.nn.Module]
) -> None:
    network = make()
    spikes = signal(network)
    with NativeEngine(network) as engine:
        run, probed = engine.run(spikes), engine.probe(spikes, network.names)
    theirs, sent = benchmarked(network, spikes, synapse)
    np.testing.assert_array_equal(sent, run.spikes)
    assert all(0 < layer.sum() < layer.size for layer in run.layers)

    ours = network_metrics(network, run.counts)
    operations = ours["synaptic_operations"]
    assert theirs["SynapticOperations"] == {
        "Effective_MACs": operations["effective_macs"],
        "Effective_ACs": operations["effective_acs"],
        "Dense": operations["dense"],
    }
    assert operations["effective_acs"] > 0
    assert (operations["effective_macs"] > 0) == (make is graded)
    assert theirs["ActivationSparsity"] == ours["activation_sparsity"]
    assert theirs["ConnectionSparsity"] == round(ours["connection_sparsity"], 4) > 0.3

    # Ours of voltages alone; it takes all neurons of the first step.
    updates = sum(SAMPLES * math.prod(shape) for shape in network.shapes)
    for states in probed.values():
        voltage = states["voltage"]
        later = membrane_updates({"voltage": voltage}) - membrane_updates(
            {"voltage": voltage[..., :1]}
        )
        updates += later.sum()
    assert theirs["MembraneUpdates"] == updates / SAMPLES


def test_graded_spikes_of_one_are_accumulates_there_and_multiply_here() -> None:
    network = graded()
    spikes = (signal(network) > 0).astype(np.int32)
    with NativeEngine(network) as engine:
        run = engine.run(spikes)
    theirs, _ = benchmarked(network, spikes, of_torch)
    ours = network_metrics(network, run.counts)["synaptic_operations"]
    both = theirs["SynapticOperations"]
    assert both["Effective_MACs"] == 0 < ours["effective_macs"]
    assert both["Effective_ACs"] == ours["effective_acs"] + ours["effective_macs"]


@pytest.mark.parametrize("make", [dense, recurrent, convolution])
def test_the_footprint_is_that_of_tensors_of_the_declared_precision(
    make: Callable[[], Network],
) -> None:
    network = make()
    holder = torch.nn.Module()
    types = {"weight": torch.int8, "recurrent_weight": torch.int8, "bias": torch.int16}
    for index, (layer, shape) in enumerate(zip(network.layers, network.shapes, strict=True)):
        for name, dtype in types.items():
            if getattr(layer, name, None) is not None:
                tensor = torch.from_numpy(getattr(layer, name)).to(dtype)
                parameter = torch.nn.Parameter(tensor, requires_grad=False)
                holder.register_parameter(f"{name}{index}", parameter)
        # Current and voltage, of 24 bits: three bytes each.
        state = torch.zeros(2, math.prod(shape), 3, dtype=torch.uint8)
        holder.register_buffer(f"state{index}", state)
    ours = sum(map(footprint_bytes, network.layers, network.shapes))
    assert Footprint()(TorchModel(holder)) == ours


def test_connections_of_weight_0_are_weights_of_a_kernel_once() -> None:
    network = convolution()
    stored = [layer.weight for layer in network.layers]
    zeros, size = sum((w == 0).sum() for w in stored), sum(w.size for w in stored)
    theirs = ConnectionSparsity()(TorchModel(Stepped(network, of_torch)))
    assert theirs == round(connection_sparsity(network.layers), 4) == round(zeros / size, 4)


@pytest.mark.parametrize("kind", ["linear", "mlp", "rate", "conv"])
def test_the_host_decoder_has_its_macs_and_bytes(kind: str) -> None:
    config = DecoderConfig(
        kind=kind, neurons=12, window_steps=6, heads={"image": 7, "label": 3}, hidden=5
    )
    decoder = Decoder(config)
    neuron = CubaNeuron(current_decay=1024, voltage_decay=128, threshold=80)
    layer = Dense(weight=np.ones((12, 2)), neuron=neuron)
    network = Network(input_shape=(2,), layers=(layer,))
    host = Host.of(Bundle(network=network, decoder=decoder, encoding=SpikeInput(steps=6)), 6)
    model = TorchModel(decoder)
    model.register_hooks()
    window = torch.ones(1, 12, 6)
    model(window)
    dense = SynapticOperations()(model, None, (window, None))["Dense"]
    # Its convolution does not count the taps that fall on padding; the host computes them.
    padded = 12 * 3 * 2 * (1 + 2) if kind == "conv" else 0
    assert host.macs_per_sample == dense + padded
    assert host.footprint_bytes == Footprint()(model)


@pytest.mark.parametrize("kind", ["linear", "mlp", "rate"])
def test_effective_macs_of_a_decoder_and_an_ann_are_neurobenchs(kind: str) -> None:
    torch.manual_seed(4)
    config = DecoderConfig(
        kind=kind, neurons=12, window_steps=6, heads={"image": 7, "label": 3}, hidden=5
    )
    window = (torch.rand(SAMPLES, 12, 6) < 0.2).float()
    ann = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(3 * 16, 4)
    )
    with torch.no_grad():
        ann[0].weight[torch.rand_like(ann[0].weight) < 0.3] = 0
    image = torch.relu(torch.randn(SAMPLES, 2, 6, 6))
    for module, given in ((Decoder(config), window), (ann, image)):
        layers = layer_macs(module, given).values()
        ours = sum(float(layer.effective.sum()) for layer in layers)
        model = TorchModel(module)
        model.register_hooks()
        counter = SynapticOperations()
        answer = model(given)
        found = counter(model, answer, (given, None))
        # Where every input is 0 or 1, it calls a product an addition.
        theirs = found["Effective_MACs"] + found["Effective_ACs"]
        assert ours / SAMPLES == theirs
        assert 0 < theirs < found["Dense"]
