"""A network as the kernels take it: a *program*, int64 with one row a layer and these columns.

Beside it they take arrays that the layers share, in tuples whose types are here.
"""

from __future__ import annotations

INPUT, DENSE8, DENSE16, DENSE_WIDE, CONV16, CONV32, CONV_WIDE = range(7)
"""Kinds, by how what arrives is added up: not at all; rows of 8- or 16-bit weights, in 16 bits;
rows in 64 bits, for graded spikes and sums that Lava rounds; kernels in 16, 32 or 64 bits."""

CUBA, DELTA, SIGMA_DELTA, SIGMA, RESONATOR = range(5)
"""Models of neurons."""

NO_DELAY, OUTPUT_DELAY, SYNAPSE_DELAY = range(3)
"""No delays; one for each neuron; one for each synapse."""

(
    KIND,
    MODEL,
    PHASE,  # of a resonator: whether it spikes by its phase
    INPUTS,
    OUTPUTS,
    ARRIVING,  # sums that a step gives: one a neuron, two a resonator
    RECURRENT,  # whether the spikes of a layer arrive at itself
    GRADED_INPUT,  # whether input spikes carry values
    GRADED_OUTPUT,
    WEIGHT,  # offset into the pool of weights of its width
    WEIGHT_ROWS,  # inputs, and below them the layer's own neurons if it is recurrent
    SHIFT,  # how far wide sums are shifted back
    SECOND_SHIFT,  # of imaginary ones
    THRESHOLD,  # as compared: shifted
    SCALE,  # from a sum of stored weights to what the neuron takes
    NEURON,  # offset into decays, bias and order
    SENT,  # offset into the spikes of its width, times samples and steps
    STATE,  # offset into the state: two states, what arrives, a third state, the ring
    RING_AT,  # offset of the ring of delayed sums, from there
    RING,  # steps that the ring holds, a power of two
    TABLE,  # offset into tables: fan-out of each input, all and effective; conv: its places
    BACK_TABLE,  # the same of recurrent connections
    DELAY_MODE,
    DELAY,  # offset into tables
    ROWS,  # of a convolution, offset into tables: where the kernel rows of each input row go
    ROW_TAPS,  # most of them
    RUNS,  # the same of input columns, in runs of neighbouring taps
    COLUMN_RUNS,
    POSITIONS,  # of the output, height times width
    CHANNELS,
    ALL_SUMS,  # offset into 32-bit weights: the sums of a step in which every input spikes
    CHANNEL_STRIDE,  # from one position to the next in the sums of a convolution
    COLUMNS,
) = range(33)
"""Columns, and their number."""

PLACE_Y, PLACE_X, PLACE_WEIGHT, PLACE_CHANNEL, PLACES = range(5)
"""Of each input of a convolution: y, x, its kernels' offset, the first channel of its group."""

INPUT_SPIKES, OUTPUT_SPIKES, SYNOPS, EFFECTIVE_SYNOPS, COUNTS = range(5)
"""What is counted of each layer, and their number."""

POOLS = "Tuple([int8[::1], int16[::1], int32[::1], int16[:, ::1], int32[:, ::1], int32[::1]])"
"""Weights of 8, 16 and 32 bits, decays, what else neurons have, tables."""

SCRATCH = "Tuple([int32[::1], int16[::1], int32[::1], int64[::1], uint64[:, ::1], int32[::1]])"
"""Room for a tile, for narrow, middle and wide sums, for spikes as bits, and for joined lists."""

LANES = 16
"""Values that a vector operation of a kernel takes."""

TILE = 128
"""Outputs whose 8-bit weights lie together, [input, output of the tile]."""
