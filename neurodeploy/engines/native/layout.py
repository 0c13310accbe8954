"""A network as the kernels take it: a record for each layer, and arrays that the layers share.

The README of this folder says how they lie in memory.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

import numpy as np

LANES = 16
"""Values that a vector operation of a kernel takes; arrays that it reads end as many later."""

TILE = 128
"""Outputs whose 8-bit weights lie together, [input, output of the tile]."""


class Kind(enum.IntEnum):
    """Which weights a layer has, and in how many bits they are summed."""

    INPUT = 0  # none: current arrives
    DENSE_WEIGHTS8 = 1  # in 16 bits, and those in 32
    DENSE_WEIGHTS16 = 2  # in 16 bits, and those in 32
    DENSE_ACC64 = 3  # graded spikes, or sums that Lava rounds
    CONV_ACC16 = 4
    CONV_ACC32 = 5
    CONV_ACC64 = 6  # graded spikes


class Model(enum.IntEnum):
    """What the neurons of a layer do."""

    CUBA = 0
    DELTA = 1
    SIGMA_DELTA = 2
    SIGMA = 3
    RESONATOR = 4


class DelayMode(enum.IntEnum):
    """What has a delay of its own."""

    NONE = 0
    OUTPUT = 1
    SYNAPSE = 2


LAYER = np.dtype(
    [
        (name, np.int64)
        for name in (
            "kind",  # a `Kind`
            "model",  # a `Model`
            "by_phase",  # whether a resonator spikes by its phase
            "inputs",
            "outputs",
            "arriving",  # sums that a step gives: one a neuron, two a resonator
            "recurrent",  # whether the spikes of the layer arrive at itself
            "graded_input",  # whether the spikes that arrive carry values
            "graded_output",  # whether those sent do
            "weight",  # offset into the pool of weights of its width
            "weight_rows",  # inputs, and below them the layer's own neurons if it is recurrent
            "shift",  # how far sums of 64 bits are shifted back
            "imaginary_shift",  # the same of imaginary ones
            "threshold",  # as compared: shifted
            "scale",  # from a sum of stored weights to what the neuron takes
            "neuron",  # offset into factors, bias and order
            "sent",  # offset into the spikes of its type, times samples and steps
            "state",  # offset into the state of all layers
            "delay_buffer",  # offset of its delay buffer from there
            "delay_steps",  # steps that it holds, a power of two; 0 without delays
            "delay_mode",  # a `DelayMode`
            "delay",  # offset into tables: steps [neuron] or [input, neuron]
            "fan_out",  # offset into tables: of each input, all and effective, [2, input]
            "own_fan_out",  # the same of the layer's own neurons, if it is recurrent
            "places",  # convolution: offset into `Pools.places`, one an input
            "row_taps",  # offset into tables: pairs (sum, weight), by input row
            "most_row_taps",  # such pairs of a row; behind the last one is -1
            "column_runs",  # offset into tables: (sum, weight, length), by input column
            "most_column_runs",  # such runs of a column; behind the last one is length 0
            "positions",  # height times width of the output
            "channels",  # of the output
            "channel_stride",  # from one position to the next in its sums
            "all_sums",  # offset into 32-bit weights: the sums when every input spikes
        )
    ],
    align=True,
)
"""One layer. Offsets count values, not bytes."""

PLACE = np.dtype(
    [
        ("y", np.int32),
        ("x", np.int32),
        ("weight", np.int32),  # offset of its kernels from those of the layer
        ("channel", np.int32),  # first output channel of its group
    ],
    align=True,
)
"""An input of a convolution."""

TALLY = np.dtype(
    [
        ("input_spikes", np.int64),
        ("output_spikes", np.int64),
        ("synops", np.int64),
        ("effective_synops", np.int64),
    ],
    align=True,
)
"""What is counted of a layer."""


class Pools(NamedTuple):
    """What the layers share, and no kernel writes to."""

    weights8: np.ndarray  # int8, in tiles
    weights16: np.ndarray  # int16
    weights32: np.ndarray  # int32
    factors: np.ndarray  # int16 [2, neuron], / 4096: of current and voltage; sine and cosine
    bias: np.ndarray  # int32 [neuron], as added
    order: np.ndarray  # int32 [neuron], its place among the features of the layer
    places: np.ndarray  # PLACE
    tables: np.ndarray  # int32


class Scratch(NamedTuple):
    """What the kernels of one thread write to and need no longer than a step or chunk."""

    tile: np.ndarray  # int32 [TILE]
    acc16: np.ndarray  # int16, sums of the largest layer
    acc32: np.ndarray  # int32
    acc64: np.ndarray  # int64
    ones: np.ndarray  # uint64 [step, block of 64 neurons], spikes of a chunk as bits
    bits: np.ndarray  # uint64 [64]
    joined: np.ndarray  # int32, lists: input and own spikes, or silent inputs


class Lists(NamedTuple):
    """Who spikes in each step of a chunk."""

    indices: np.ndarray  # int32 [step, number], one longer than there are neurons
    values: np.ndarray  # int32 [step, number] if graded, else [step, 1]
    sizes: np.ndarray  # int64 [step]


class Given(NamedTuple):
    """What arrives at the first layer, [sample, feature, time]; one of them is empty."""

    spikes: np.ndarray  # uint8, 0 or 1
    numbers: np.ndarray  # int32, graded spikes or current


class Sent(NamedTuple):
    """Spikes of every layer, [layer, sample, feature, time] flat."""

    spikes: np.ndarray  # uint8
    graded: np.ndarray  # int32


class Chunk(NamedTuple):
    """Some steps that a layer runs before the next one does."""

    clock: int  # steps from rest to the first of them
    first: int  # of them in the sample
    steps: int  # at most 64
    is_last: bool  # whether nobody needs the state after them


class Block(NamedTuple):
    """CUBA neurons in a row, [neuron]."""

    current: np.ndarray  # int32
    voltage: np.ndarray  # int32
    arriving: np.ndarray  # int32
    bias: np.ndarray  # int32
    current_factor: np.ndarray  # int16, 4096 - decay
    voltage_factor: np.ndarray  # int16


# What `kernels.run_samples` takes is one int64 array: some numbers, then a slot for each array.

CLOCK, FROM_REST, FIRST_SAMPLE, LAST_SAMPLE, FIRST_SLOT = range(5)
"""Places of the numbers, and of the first slot."""

SLOT = 4
"""Numbers of a slot: the address of an array, and its shape of up to three axes."""

LAYERS_AT = 0
POOLS_AT = LAYERS_AT + 1
SCRATCH_AT = POOLS_AT + len(Pools._fields)
STATE_AT = SCRATCH_AT + len(Scratch._fields)
LISTS_AT = STATE_AT + 1
GIVEN_AT = LISTS_AT + len(Lists._fields)
SENT_AT = GIVEN_AT + len(Given._fields)
TALLIES_AT = SENT_AT + len(Sent._fields)
NUMBERS = FIRST_SLOT + SLOT * (TALLIES_AT + 1)
"""Slots, those of a tuple one behind another, and the length of the whole."""
