"""Loihi 2 through Lava's run configuration for hardware, spikes by the vendor's adapters.

No board was ever in reach of those who wrote this: it follows what lava-dl's own tests on hardware
do (``tests/lava/lib/dl/netx/test_hdf5_nx.py``) and is tested against a stand-in for the extension.

* Input goes from a ring buffer through ``PyToNxAdapter``, or ``PyToN3ConvAdapter`` before a
  convolution. Every layer's spikes come back through ``NxToPyAdapter``: that is what `verify`
  compares and costs are counted from, but the link carries more than it has to. Graded spikes have
  24 bits there, and are sign-extended. By those tests an adapter takes no step.
* A board stays compiled for many samples where that changes nothing: in feed-forward CUBA networks
  without bias and delay, whose neurons netx then resets at every power of two of steps, each layer
  one step after the one before. A layer's spikes from before its first input of a sample has come
  are those of the sample before, and none here.
* Any other network, whose rest needs more than that, is compiled anew for each sample.
* Input layers with neurons take their values as biases on a board: they are refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from neurodeploy._io.lava import lava_imports
from neurodeploy.engines.base import (
    BatchRunner,
    Closeable,
    Run,
    Session,
    check_input,
    spike_types,
)
from neurodeploy.engines.board import require_board
from neurodeploy.engines.counts import count
from neurodeploy.engines.lava.starting import Running, netx_process
from neurodeploy.errors import EngineError, NetworkError, message
from neurodeploy.netx.check import require_runnable
from neurodeploy.netx.layers import Conv
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron

with lava_imports():
    from lava.magma.core import run_configs
    from lava.proc.io import sink, source

GRADED_BITS = 24
"""Of a graded spike that leaves the chip."""

MOST_VALUES = 1 << 24
"""Values that the buffers of one compiled run hold."""

FIRST_RESET = 1
"""Step of the first layer's reset: its synapses give it the first input of a sample one later."""


class LoihiEngine(BatchRunner, Closeable):
    """Runs a network on a Loihi 2 board.

    Parameters
    ----------
    network : Network
        What runs; it takes spikes.
    timeout_s : float
        Longest wait for a run before the board counts as hung.
    callbacks : sequence of Lava's ``CallbackFx``
        Given to the run configuration, such as the vendor's profilers (`nd.measurement_of` reads
        them after a run). They see one compiled run.

    Raises
    ------
    NetworkError
        netx cannot run the network, or it begins with input neurons.
    MissingPackageError
        Lava or the vendor's extension is not installed.
    EngineError
        No board is in reach; later: Lava hung, or one of its processes died.
    """

    name = "loihi"

    def __init__(
        self, network: Network, *, timeout_s: float = 600.0, callbacks: Sequence[Any] = ()
    ) -> None:
        require_runnable(network)
        if network.layers[0].takes_real_values:
            expected = "spikes as input of a board"
            remedy = "Encode the signal as spikes, or run it on native or lava."
            where = f"layer {network.names[0]}"
            raise NetworkError(message(where, expected, "neurons that take real values", remedy))
        self.board = require_board()
        self.network = network
        self.timeout_s = timeout_s
        self.callbacks = tuple(callbacks)

    def run_batch(self, spikes: np.ndarray) -> Run:
        """Run a batch [sample, *features, time]."""
        spikes = check_input(self.network, spikes)
        together = samples_together(self.network, spikes.shape[-1])
        parts = [
            self._run_together(spikes[first : first + together])
            for first in range(0, len(spikes), together)
        ]
        layers = tuple(np.concatenate(each) for each in zip(*parts, strict=True))
        return Run(layers=layers, counts=count(self.network, (spikes, *layers)))

    def open(self) -> Session:
        """Not on a board, whose input is loaded before it runs."""
        remedy = "Use run, or simulate."
        raise EngineError(message("engine loihi", "whole samples", "a session", remedy))

    def close(self) -> None:
        """Nothing is held between runs."""

    def _run_together(self, spikes: np.ndarray) -> list[np.ndarray]:
        """Spikes of each layer [sample, *features, time], from one compiled run."""
        samples, steps = len(spikes), spikes.shape[-1]
        period = 1 << (steps - 1).bit_length()
        resets = {"reset_interval": period, "reset_offset": FIRST_RESET} if samples > 1 else {}
        process = netx_process(self.network, **resets)
        total = (samples - 1) * period + steps
        sinks = self._connected(process, _one_after_another(spikes, period, total), total)
        configuration = run_configs.Loihi2HwCfg(callback_fxs=list(self.callbacks))
        running = Running(process, configuration, self, self.timeout_s)
        try:
            running.begin(total)
            running.finish()
            received = [np.asarray(each.data.get()) for each in sinks]
            running.stop()
        finally:
            running.kill()
        return [
            _samples_of(series, samples, period, steps, late, dtype)
            for late, (series, dtype) in enumerate(
                zip(received, spike_types(self.network), strict=True), 1
            )
        ]

    def _connected(self, process: Any, series: np.ndarray, total: int) -> list[Any]:
        """Buffers of the spikes of each layer; ``series`` [*features, step] goes in.

        Lava has features the other way round, [width, height, channel].
        """
        from lava.proc import embedded_io

        network, spike = self.network, embedded_io.spike
        entry = process.layers[0].inp
        bits = {"num_message_bits": network.input_bits} if network.input_bits else {}
        adapter = spike.PyToNxAdapter
        if isinstance(network.layers[0], Conv):
            adapter = spike.PyToN3ConvAdapter
        inward = adapter(shape=entry.shape, **bits)
        flat = len(entry.shape) == 1
        axes = (*reversed(range(series.ndim - 1)), series.ndim - 1)
        data = series.reshape(-1, total) if flat else series.transpose(axes)
        ring = source.RingBuffer(data=np.ascontiguousarray(data, np.int32))
        ring.s_out.connect(inward.inp)
        inward.out.connect(entry)
        sinks = []
        for block, graded in zip(process.layers, network.graded[1:], strict=True):
            bits = {"num_message_bits": GRADED_BITS} if graded else {}
            outward = spike.NxToPyAdapter(shape=block.out.shape, **bits)
            buffer = sink.RingBuffer(shape=block.out.shape, buffer=total)
            block.out.connect(outward.inp)
            outward.out.connect(buffer.a_in)
            sinks.append(buffer)
        return sinks


def samples_together(network: Network, steps: int) -> int:
    """Samples that one compiled run takes: several only where netx's resets restore rest."""
    if not resets_restore_rest(network):
        return 1
    shapes = (network.input_shape, *network.shapes)
    values = sum(math.prod(shape) for shape in shapes) << (steps - 1).bit_length()
    return max(1, MOST_VALUES // values)


def resets_restore_rest(network: Network) -> bool:
    """Whether nothing but current and voltage outlasts a sample, and nothing moves before input.

    A bias moves neurons before the first input comes, spikes on their way back or delayed would
    arrive in the next sample, and netx resets no neurons but CUBA ones.
    """
    return all(
        isinstance(layer.neuron, CubaNeuron)
        and getattr(layer, "bias", None) is None
        and layer.delay_matrix is None
        and layer.recurrent_weight is None
        for layer in network.layers
    )


def _one_after_another(spikes: np.ndarray, period: int, total: int) -> np.ndarray:
    """A batch [sample, *features, time] as one series [*features, step], a period each."""
    pause = [(0, 0)] * (spikes.ndim - 1) + [(0, period - spikes.shape[-1])]
    series = np.moveaxis(np.pad(spikes, pause), 0, -2)
    return series.reshape(*series.shape[:-2], -1)[..., :total]


def _samples_of(
    series: np.ndarray,
    samples: int,
    period: int,
    steps: int,
    late: int,
    dtype: type[np.generic],
) -> np.ndarray:
    """What a buffer [*features the other way round, step] holds, as [sample, *features, time]."""
    whole = series.astype(np.int64)
    if dtype is not np.uint8:
        whole = _signed(whole)
    axes = (*reversed(range(whole.ndim - 1)), whole.ndim - 1)
    whole = whole.transpose(axes)
    padded = np.pad(whole, [(0, 0)] * (whole.ndim - 1) + [(0, samples * period - whole.shape[-1])])
    parts = padded.reshape(*whole.shape[:-1], samples, period)[..., :steps]
    if samples > 1:
        parts[..., :late] = 0  # the sample before is still on its way through this layer
    return np.ascontiguousarray(np.moveaxis(parts, -2, 0).astype(dtype))


def _signed(values: np.ndarray) -> np.ndarray:
    """Graded spikes from their lowest `GRADED_BITS` bits."""
    half = 1 << (GRADED_BITS - 1)
    return (values + half) % (2 * half) - half
