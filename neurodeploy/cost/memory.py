"""A model of memory: what a run, a decoder and the equal ANN read and write, and what it costs.

Of a device with ``sram``. An access costs what a memory of that size costs, interpolated between
the published sizes by the logarithms of size and energy, and in proportion to its bits.

The network, in memories as large as what lies in them, not smaller than the smallest published::

    weights  a synop reads one synapse, as `neurodeploy.hardware.mapping.storage` lays it out
    states   a synop reads and writes the sum of a neuron; an update reads and clears that sum, and
             reads and writes each state
    queues   a spike that arrives is written and read: the number of its neuron, and its value if
             it is graded

What multiplies (decoder, ANN) has weights and activations of 8 bits, a decoder of fewer bits
weights of so many. Dense, a product reads both,
and sums stay in a register. Skipping zeros, it takes the cheaper of two orders: by output, reading
every activation and the weights of those that are not 0; or by input, as spikes work, reading and
writing a sum for each product. Activations and their sums lie in the smallest memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from neurodeploy.cost.energy import Proxy, read_synops
from neurodeploy.cost.metrics import STATE_BYTES
from neurodeploy.engines.counts import Counts
from neurodeploy.hardware.devices import SRAM_WORD_BITS, Device
from neurodeploy.hardware.mapping.storage import StoredWeights
from neurodeploy.netx.network import Network

STATE_BITS = 8 * STATE_BYTES
"""Of a state, of the sum that arrives at a neuron, and of the value of a graded spike."""

FACTOR_BITS = 8
"""Of the weights and activations of what multiplies."""

SUM_BITS = 32
"""Of its sums."""


def access_j(device: Device, bits: float, size_bytes: float) -> float:
    """Energy of reading or writing so many bits of a memory that holds so many bytes.

    Parameters
    ----------
    device : Device
        With ``sram``.
    bits : float
        Of one access, or of many.
    size_bytes : float
        Of the memory.
    """
    sizes = [math.log(each.size_bytes) for each in device.sram]
    energies = [math.log(each.access.value_j) for each in device.sram]
    size = max(math.log(max(size_bytes, 1)), sizes[0])
    if size > sizes[-1]:
        slope = (energies[-1] - energies[-2]) / (sizes[-1] - sizes[-2])
        energy = energies[-1] + slope * (size - sizes[-1])
    else:
        energy = float(np.interp(size, sizes, energies))
    return bits / SRAM_WORD_BITS * math.exp(energy)


def products_j(
    device: Device, dense: float, effective: float, weights: int, weight_bits: int = FACTOR_BITS
) -> tuple[float, float]:
    """Energy of multiply-accumulates on a device with ``mac``, with its memory if it has one.

    Parameters
    ----------
    device : Device
        Multiplies.
    dense, effective : float
        All products, and those that are not by 0.
    weights : int
        That lie in memory.
    weight_bits : int
        Of each of them; more than `FACTOR_BITS` count as so many, which the device multiplies.

    Returns
    -------
    dense_j, effective_j : float
        Of all products; and where those by 0 are skipped.
    """
    mac = device.constants["mac"].value_j
    if not device.sram:
        return dense * mac, effective * mac
    bits = min(weight_bits, FACTOR_BITS)
    product = mac + access_j(device, bits, weights * bits / 8)
    activation = access_j(device, FACTOR_BITS, 0)
    by_output = dense * activation + effective * product
    by_input = effective * (product + access_j(device, 2 * SUM_BITS, 0))
    return dense * (product + activation), min(by_output, by_input)


def with_memory(
    proxy: Proxy,
    device: Device,
    network: Network,
    counts: Counts,
    stored: Sequence[StoredWeights],
    host_j: float,
) -> Proxy:
    """A proxy with the memory of the network, and with a bill of the host that includes its own.

    Parameters
    ----------
    proxy : Proxy
        Of the arithmetic alone.
    device : Device
        With ``sram``.
    network : Network
        What ran.
    counts : Counts
        Of the run.
    stored : sequence of StoredWeights
        Of each layer.
    host_j : float
        Of a sample.
    """
    causes = memory_joules(device, network, counts, stored)
    basis = device.sram[0].access.basis
    joules = np.zeros((len(proxy.layers) + 1, len(causes), counts.samples))
    joules[:-1] = np.stack(list(causes.values()), axis=1)
    arithmetic = proxy.joules.copy()
    arithmetic[-1, list(proxy.basis).index("host")] = host_j
    return replace(
        proxy,
        basis={**proxy.basis, **dict.fromkeys(causes, basis)},
        joules=np.concatenate([arithmetic, joules], axis=1),
    )


def memory_joules(
    device: Device, network: Network, counts: Counts, stored: Sequence[StoredWeights]
) -> dict[str, np.ndarray]:
    """Energy of the memory of a network by cause, each float64 [layer, sample]."""
    shapes = (network.input_shape, *network.shapes)
    features = [math.prod(shape) for shape in shapes]
    neurons = [
        layer.neuron_count(shape) for layer, shape in zip(network.layers, shapes[1:], strict=True)
    ]
    states = [0 if layer.neuron is None else len(layer.neuron.states) for layer in network.layers]
    weight_bytes = sum(layer.bits for layer in stored) / 8
    state_bytes = STATE_BYTES * sum(
        number * (1 + each) for number, each in zip(neurons, states, strict=True)
    )
    address_bits = [
        max(1, (number - 1).bit_length()) + STATE_BITS * graded
        for number, graded in zip(features, network.graded, strict=True)
    ]
    queue_bytes = max(
        number * bits / 8 for number, bits in zip(features, address_bits, strict=True)
    )
    read = read_synops(counts, np.array([layer.form == "sparse" for layer in stored]))
    weights, sums, queues = (np.zeros(read.shape) for _ in range(3))
    for at, (layer, counted) in enumerate(zip(network.layers, counts.layers, strict=True)):
        weights[at] = read[at] * access_j(device, stored[at].entry_bits, weight_bytes)
        sums[at] = read[at] * access_j(device, 2 * STATE_BITS, state_bytes)
        each_update = 2 * STATE_BITS * (1 + states[at])
        sums[at] += counted.neuron_updates * access_j(device, each_update, state_bytes)
        queues[at] = counted.input_spikes * access_j(device, 2 * address_bits[at], queue_bytes)
        if layer.recurrent_weight is not None:
            own = access_j(device, 2 * address_bits[at + 1], queue_bytes)
            queues[at] += counted.output_spikes * own
    return {"weights": weights, "states": sums, "queues": queues}
