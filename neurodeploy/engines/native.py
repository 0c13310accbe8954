"""Our engine: bit-exact with Lava, spike for spike in every layer, and event-driven.

It runs every layer of `Network` but `Average`. Three things it does where Lava cannot follow: it
runs an all-zero dense matrix, as silence; it needs no compilation; a session can be copied.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from neurodeploy.engines import native_kernels as kernels
from neurodeploy.engines.base import Closing, Run, StepOutput, check_input
from neurodeploy.engines.counts import Counts, LayerCounts, fan_out
from neurodeploy.errors import InputError, NetworkError, message
from neurodeploy.netx.network import DECAY_UNITY, Conv, Dense, Layer, Network, NeuronInput
from neurodeploy.netx.weights import weights_as_run

INPUT_SHIFT = 6
"""Weighted input, bias and threshold are shifted left by it."""

LIST_BYTES = 1 << 22
"""Room that the lists of spikes of one thread may take."""

LONGEST_CHUNK = 64
"""Most steps that a layer runs before the next layer does; kernels take no more."""


class NativeEngine(Closing):
    """Runs a network with compiled kernels on the CPU.

    Parameters
    ----------
    network : Network
        What runs.
    threads : int, optional
        Threads that share the samples of a batch; as many as there are cores for us if left out.
        One sample, and a session, use one.

    Raises
    ------
    NetworkError
        The network has a layer that no neurons run, or one that Lava leaves undefined.
    """

    name = "native"

    def __init__(self, network: Network, *, threads: int | None = None) -> None:
        self.network = network
        self.threads = len(os.sched_getaffinity(0)) if threads is None else max(1, threads)
        self._program = _Program(network)
        self._pool: ThreadPoolExecutor | None = None

    def run(self, spikes: np.ndarray) -> Run:
        """Run a batch, each sample from rest.

        Parameters
        ----------
        spikes : array [sample, *features, time]
            0 or 1 (or real values, for a network that begins with input neurons).

        Returns
        -------
        Run

        Raises
        ------
        InputError
            The spikes do not fit the network.
        """
        signal = check_input(self.network, spikes)
        samples, steps = signal.shape[0], signal.shape[-1]
        signal = signal.reshape(samples, -1, steps)
        result = _Result(self._program, samples, steps)
        shares = min(self.threads, samples)
        bounds = [samples * share // shares for share in range(shares + 1)]
        others = [
            self._workers().submit(self._program.run, signal, result, first, last)
            for first, last in itertools.pairwise(bounds[1:])
        ]
        self._program.run(signal, result, 0, bounds[1])
        for other in others:
            other.result()
        return Run(layers=tuple(result.layers()), counts=result.tally(samples, steps))

    def stream(self, samples: Iterable[np.ndarray]) -> Iterator[StepOutput]:
        """Run samples one after another, each from rest; yield each step as it is done.

        Parameters
        ----------
        samples : iterable of arrays [*features, time]
            Of any lengths; the next one is taken when the one before has been read.
        """
        with self.open() as session:
            for sample, features in enumerate(samples):
                signal = check_input(self.network, np.asarray(features)[None])[0]
                session.reset()
                for step in range(signal.shape[-1]):
                    arrived = signal[..., step]
                    layers = session.advance(arrived)
                    yield StepOutput(sample=sample, step=step, input=arrived, layers=layers)

    def open(self) -> NativeSession:
        """Start a session at rest; any number of them may be open."""
        return NativeSession(self._program)

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def _workers(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads - 1, thread_name_prefix="native")
        return self._pool


class NativeSession(Closing):
    """One time step at a time, from rest."""

    def __init__(self, program: _Program) -> None:
        self._program = program
        self._room = _Room(program, steps=1)
        inputs = math.prod(program.network.input_shape)
        self._spikes = np.zeros((1, inputs, 1), np.uint8)
        self._currents = np.zeros((1, inputs, 1), np.int32)
        self._counts = np.zeros((1, len(program.rows), kernels.COUNTS), np.int64)
        self._clock = 0

    def step(self, spikes: np.ndarray) -> np.ndarray:
        """Take input [*features] of one step; give the output spikes, uint8 [*features]."""
        program = self._program
        sent = self._send(spikes)
        return sent[program.offsets[-2] :].reshape(program.shapes[-1])

    def advance(self, spikes: np.ndarray) -> list[np.ndarray]:
        """As `step`, but give the spikes of every layer."""
        return self._program.split(self._send(spikes), samples=1, steps=None)

    def reset(self) -> None:
        """Return to rest."""
        self._room.state[:] = 0
        self._counts[:] = 0
        self._clock = 0

    def copy(self) -> NativeSession:
        """A session in the same state, which goes its own way from here."""
        twin = NativeSession(self._program)
        twin.load_state(self.state_dict())
        return twin

    def state_dict(self) -> dict[str, np.ndarray]:
        """Everything that `load_state` needs to go on from here in a session of this network."""
        return {
            "state": self._room.state.copy(),
            "counts": self._counts.copy(),
            "clock": np.array(self._clock),
        }

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on where `state_dict` was taken.

        Raises
        ------
        InputError
            The state is of another network.
        """
        for name, mine in self.state_dict().items():
            if name not in state or state[name].shape != mine.shape:
                found = state[name].shape if name in state else "none"
                raise InputError(message(f"state, {name}", f"shape {mine.shape}", found))
        self._room.state[:] = state["state"]
        self._counts[:] = state["counts"]
        self._clock = int(state["clock"])

    @property
    def counts(self) -> Counts:
        """What has been done since the last reset, as one sample."""
        return self._program.tally(self._counts.copy(), 1, self._clock)

    def close(self) -> None:
        """Nothing is held."""

    def _send(self, spikes: np.ndarray) -> np.ndarray:
        program = self._program
        if not self._take_plain(spikes):
            signal = check_input(program.network, np.asarray(spikes)[None, ..., None])
            kept = self._spikes if signal.dtype == np.uint8 else self._currents
            kept[0, :, 0] = signal.ravel()
        sent = np.zeros(program.offsets[-1], np.uint8)
        program.call(
            self._spikes, self._currents, self._clock, False, 0, 1, self._room, sent, self._counts
        )
        self._clock += 1
        return sent

    def _take_plain(self, spikes: np.ndarray) -> bool:
        """Take valid uint8 spikes without a detour; say whether these are such."""
        program = self._program
        return (
            isinstance(spikes, np.ndarray)
            and spikes.dtype == np.uint8
            and spikes.shape == program.network.input_shape
            and not program.takes_current
            and spikes.flags.carray
            and bool(kernels.take_spikes(spikes.reshape(-1), self._spikes))
        )


class _Room:
    """What one thread writes to: its neurons' state, and scratch."""

    def __init__(self, program: _Program, steps: int) -> None:
        widest = max(math.prod(shape) for shape in (program.network.input_shape, *program.shapes))
        chunk = max(1, min(steps, LONGEST_CHUNK, LIST_BYTES // (8 * widest)))
        self.lists = np.empty((2, chunk, widest), np.int32)
        self.sizes = np.zeros((2, chunk), np.int64)
        self.state = np.zeros(program.state_size, np.int32)
        self.narrow = np.empty(widest, np.int16)
        self.fired = np.empty(widest + 64, np.uint8)


class _Result:
    """What all threads of a batch write to."""

    def __init__(self, program: _Program, samples: int, steps: int) -> None:
        self.program = program
        self.samples, self.steps = samples, steps
        self.sent = np.zeros(program.offsets[-1] * samples * steps, np.uint8)
        self.counts = np.zeros((samples, len(program.rows), kernels.COUNTS), np.int64)

    def layers(self) -> list[np.ndarray]:
        return self.program.split(self.sent, self.samples, self.steps)

    def tally(self, samples: int, steps: int) -> Counts:
        return self.program.tally(self.counts, samples, steps)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pools:
    """Flat arrays that the layers of a program share, in the order that kernels take them."""

    weights8: np.ndarray
    weights16: np.ndarray
    weights32: np.ndarray
    keep: np.ndarray
    neurons: np.ndarray
    tables: np.ndarray

    def arguments(self) -> tuple[np.ndarray, ...]:
        return (
            self.weights8,
            self.weights16,
            self.weights32,
            self.keep,
            self.neurons,
            self.tables,
        )


class _Program:
    """A network as the kernels take it."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.shapes = network.shapes
        self.names = network.names
        self.takes_current = isinstance(network.layers[0], NeuronInput)
        self.offsets = [0, *np.cumsum([math.prod(shape) for shape in self.shapes]).tolist()]
        builder = _Builder(network)
        self.rows = builder.rows
        self.state_size = builder.state_size
        self._pools = builder.pools().arguments()

    def run(self, signal: np.ndarray, result: _Result, first: int, last: int) -> None:
        """Run some samples of [sample, feature, time] on this thread."""
        room = _Room(self, result.steps)
        plain = np.require(signal, requirements=["C", "A", "W"])
        none = np.zeros((1, 1, 1), np.uint8 if self.takes_current else np.int32)
        spikes, currents = (none, plain) if self.takes_current else (plain, none)
        self.call(spikes, currents, 0, True, first, last, room, result.sent, result.counts)

    def call(
        self,
        spikes: np.ndarray,
        currents: np.ndarray,
        clock: int,
        ends: bool,
        first: int,
        last: int,
        room: _Room,
        sent: np.ndarray,
        counts: np.ndarray,
    ) -> None:
        """Call `native_kernels.run_samples`."""
        kernels.run_samples(
            self.rows,
            *self._pools,
            spikes,
            currents,
            clock,
            ends,
            first,
            last,
            room.lists,
            room.sizes,
            room.state,
            room.narrow,
            room.fired,
            sent,
            counts,
        )

    def split(self, sent: np.ndarray, samples: int, steps: int | None) -> list[np.ndarray]:
        """One array a layer, [sample, *features, time], or [*features] without ``steps``."""
        many = samples * (steps or 1)
        return [
            sent[first * many : last * many].reshape(
                shape if steps is None else (samples, *shape, steps)
            )
            for first, last, shape in zip(
                self.offsets[:-1], self.offsets[1:], self.shapes, strict=True
            )
        ]

    def tally(self, counts: np.ndarray, samples: int, steps: int) -> Counts:
        """Counts [sample, layer, COUNTS] of the kernels as everyone takes them."""
        layers = []
        for index, name in enumerate(self.names):
            neurons = math.prod(self.shapes[index])
            macs = neurons * steps if index == 0 and self.takes_current else 0
            mine = counts[:, index]
            layers.append(
                LayerCounts(
                    name=name,
                    input_spikes=mine[:, kernels.INPUT_SPIKES],
                    output_spikes=mine[:, kernels.OUTPUT_SPIKES],
                    synops=mine[:, kernels.SYNOPS],
                    effective_synops=mine[:, kernels.EFFECTIVE_SYNOPS],
                    neuron_updates=np.full(samples, neurons * steps, np.int64),
                    macs=np.full(samples, macs, np.int64),
                )
            )
        return Counts(layers=tuple(layers), samples=samples, steps=steps)


class _Builder:
    """Lays the layers out, one after another."""

    def __init__(self, network: Network) -> None:
        self.rows = np.zeros((len(network.layers), kernels.COLUMNS), np.int64)
        self.state_size = 0
        self._weights: dict[type, list[np.ndarray]] = {np.int8: [], np.int16: [], np.int32: []}
        self._keep: list[np.ndarray] = []
        self._neurons: list[np.ndarray] = []
        self._tables: list[np.ndarray] = []
        shapes = (network.input_shape, *network.shapes)
        order = np.arange(math.prod(network.input_shape))
        for index, layer in enumerate(network.layers):
            where = f"layer {network.names[index]}"
            if not isinstance(layer, Dense | Conv | NeuronInput):
                raise NetworkError(
                    message(where, "a layer of neurons", layer.kind, "Average on the host instead.")
                )
            if isinstance(layer, NeuronInput) and index > 0:
                raise NetworkError(message(where, "an input layer first only", f"layer {index}"))
            row = self.rows[index]
            row[kernels.INPUTS] = math.prod(shapes[index])
            row[kernels.OUTPUTS] = math.prod(shapes[index + 1])
            row[kernels.TABLE] = self._place(self._tables, *_fan_out(layer, shapes[index], order))
            if isinstance(layer, Dense):
                self._dense(row, layer, order, where)
            elif isinstance(layer, Conv):
                self._conv(row, layer, shapes[index : index + 2], order, where)
            else:
                row[kernels.KIND] = kernels.INPUT
                row[kernels.SCALE] = 1 << INPUT_SHIFT
            order = self._add_neurons(row, layer, shapes[index + 1], where)
            row[kernels.STATE] = self.state_size
            self.state_size += int(row[kernels.OUTPUTS] * (3 + row[kernels.RING]))

    def pools(self) -> _Pools:
        weights8, weights16, weights32 = (
            np.concatenate([np.zeros(0, dtype), *arrays]) for dtype, arrays in self._weights.items()
        )
        return _Pools(
            weights8=weights8,
            weights16=weights16,
            weights32=weights32,
            keep=np.ascontiguousarray(np.concatenate(self._keep, axis=1)),
            neurons=np.ascontiguousarray(np.concatenate(self._neurons, axis=1)),
            tables=np.concatenate(self._tables),
        )

    def _dense(self, row: np.ndarray, layer: Dense, order: np.ndarray, where: str) -> None:
        weight = np.zeros_like(layer.weight)
        if layer.weight.any():
            try:
                weight = weights_as_run(layer.weight)
            except NetworkError as error:
                raise NetworkError(f"{where}: {error}") from error
        self._delays(row, layer.delay_matrix, order)
        halved = not (weight & 1).any()
        stored = np.ascontiguousarray((weight >> halved).T[order])
        fits = stored.min() >= -128 and stored.max() <= 127
        row[kernels.KIND] = kernels.DENSE8
        row[kernels.SCALE] = 1 << (INPUT_SHIFT + halved)
        width: type = np.int8
        if not fits or row[kernels.DELAY_MODE] == kernels.SYNAPSE_DELAY:
            row[kernels.KIND] = kernels.DENSE16
            width = np.int16
        row[kernels.WEIGHT] = self._place(self._weights[width], stored.astype(width))

    def _delays(self, row: np.ndarray, delay: np.ndarray | None, order: np.ndarray) -> None:
        row[kernels.RING] = 0
        if delay is None or not delay.any():
            return
        row[kernels.RING] = 1 << int(delay.max()).bit_length()
        if (delay == delay[:, :1]).all():
            row[kernels.DELAY_MODE] = kernels.OUTPUT_DELAY
            delays = delay[:, 0]
        else:
            row[kernels.DELAY_MODE] = kernels.SYNAPSE_DELAY
            delays = delay.T[order]
        row[kernels.DELAY] = self._place(self._tables, delays.astype(np.int32))

    def _conv(
        self,
        row: np.ndarray,
        layer: Conv,
        shapes: tuple[tuple[int, ...], ...],
        order: np.ndarray,
        where: str,
    ) -> None:
        largest = np.abs(layer.weight.astype(np.int64)).reshape(len(layer.weight), -1).sum(1).max()
        if largest >= 1 << 31:
            raise NetworkError(
                message(f"{where}: weight", "kernels whose sum fits 32 bits", f"{largest}")
            )
        channels, inputs, *kernel = layer.weight.shape
        of_group = channels // layer.groups
        grouped = layer.weight.reshape(layer.groups, of_group, inputs, *kernel)
        weights = grouped.transpose(0, 2, 3, 4, 1)
        row[kernels.KIND] = kernels.CONV
        row[kernels.SCALE] = 1 << INPUT_SHIFT
        row[kernels.WEIGHT] = self._place(self._weights[np.int32], weights)
        row[[kernels.KERNEL_Y, kernels.KERNEL_X]] = kernel
        row[[kernels.STRIDE_Y, kernels.STRIDE_X]] = layer.stride
        row[[kernels.DILATION_Y, kernels.DILATION_X]] = layer.dilation
        row[[kernels.CHANNELS, kernels.HEIGHT, kernels.WIDTH]] = shapes[1]
        row[kernels.GROUP_CHANNELS] = of_group
        channel, y, x = np.unravel_index(order, shapes[0])
        places = np.empty((kernels.PLACES, len(order)), np.int32)
        places[kernels.PLACE_Y] = y + layer.padding[0]
        places[kernels.PLACE_X] = x + layer.padding[1]
        places[kernels.PLACE_WEIGHT] = channel * math.prod(kernel) * of_group
        places[kernels.PLACE_CHANNEL] = channel // inputs * of_group
        self._place(self._tables, places)

    def _add_neurons(
        self, row: np.ndarray, layer: Dense | Conv | NeuronInput, shape: tuple[int, ...], where: str
    ) -> np.ndarray:
        """Append the neurons; give the feature that each of them is.

        Those of a convolution lie [y, x, channel], so that a kernel adds contiguous values.
        """
        features = np.arange(math.prod(shape)).reshape(shape)
        order = (features.transpose(1, 2, 0) if isinstance(layer, Conv) else features).ravel()
        bias = np.zeros(1, np.int32) if isinstance(layer, NeuronInput) else layer.bias
        bias = np.zeros(1, np.int32) if bias is None else bias.astype(np.int16).astype(np.int32)
        keep = [
            (DECAY_UNITY - _by_feature(decay, shape, where)[order]) / DECAY_UNITY
            for decay in (layer.neuron.current_decay, layer.neuron.voltage_decay)
        ]
        shifted = _by_feature(bias, shape, where)[order] << INPUT_SHIFT
        row[kernels.THRESHOLD] = layer.neuron.threshold << INPUT_SHIFT
        row[kernels.NEURON] = sum(block.shape[1] for block in self._keep)
        self._keep.append(np.array(keep, np.float64))
        self._neurons.append(np.array([shifted, order], np.int32))
        return order

    @staticmethod
    def _place(pool: list[np.ndarray], *arrays: np.ndarray) -> int:
        """Append to a pool; give the offset."""
        offset = sum(block.size for block in pool)
        pool.extend(np.ascontiguousarray(array).ravel() for array in arrays)
        return offset


def _fan_out(
    layer: Layer, input_shape: tuple[int, ...], order: np.ndarray
) -> tuple[np.ndarray, ...]:
    return tuple(table.ravel()[order].astype(np.int32) for table in fan_out(layer, input_shape))


def _by_feature(value: np.ndarray | int, shape: tuple[int, ...], where: str) -> np.ndarray:
    """One value for each feature; an axis of values runs along the channels, as in Lava."""
    try:
        return np.broadcast_to(value, shape[::-1]).transpose().ravel()
    except ValueError as error:
        raise NetworkError(
            message(f"{where}: neuron", f"one decay or {shape[0]}", f"shape {np.shape(value)}")
        ) from error
