"""What a run of a convolution's pixels asks of one core; `demand` says how it is counted."""

from __future__ import annotations

import math
from collections.abc import Hashable

import numpy as np

from neurodeploy.hardware.chips import Chip
from neurodeploy.hardware.mapping.demand import ImageDemand, LowerBound
from neurodeploy.hardware.mapping.storage import weight_bits
from neurodeploy.netx.layers import Conv


class ConvDemand(ImageDemand):
    """A convolution, in blocks of channels and bands of rows.

    With ``population`` sharing, an input pixel is one axon for each group of channels that the
    run has; the list of weights of an axon holds those of every input channel of the group, and
    is shared by the pixels that reach the same pixels of the run, relative to the first of them.
    With ``kernel`` sharing, there is one list an input channel and kernel position, and an axon a
    phase of the stride along the width, as a compiler printed them (`measured.toml`).
    """

    def __init__(
        self,
        layer: Conv,
        name: str,
        chip: Chip,
        shapes: tuple[tuple[int, ...], tuple[int, ...]],
        narrower: int = 0,
    ) -> None:
        super().__init__(
            layer=layer,
            name=name,
            chip=chip,
            shape=shapes[1],
            slots=chip.cost("population_slots", 1) if chip.sharing == "population" else 1,
            weight_width=weight_bits(chip.weight_widths, [layer.weight], narrower),
        )
        self._layer, self._before = layer, shapes[0]
        self._group_inputs = layer.weight.shape[1]
        self._group_outputs = shapes[1][0] // layer.groups
        self._targets = self._taps()

    def _taps(self) -> np.ndarray:
        """Input pixel of each output pixel and kernel position [height, width, position], or -1."""
        (step_y, step_x), (pad_y, pad_x) = self._layer.stride, self._layer.padding
        _, height, width = self.shape
        kernel_y, kernel_x = self._layer.weight.shape[2:]
        y = np.arange(height)[:, None] * step_y - pad_y
        y = y + np.arange(kernel_y) * self._layer.dilation[0]
        x = np.arange(width)[:, None] * step_x - pad_x
        x = x + np.arange(kernel_x) * self._layer.dilation[1]
        inside = ((y >= 0) & (y < self._before[1]))[:, None, :, None]
        inside = inside & ((x >= 0) & (x < self._before[2]))[None, :, None, :]
        pixel = y[:, None, :, None] * self._before[2] + x[None, :, None, :]
        return np.where(inside, pixel, -1).reshape(height, width, -1)

    @property
    def storage(self) -> str:
        """How the synapses of the whole layer lie, for a person."""
        return {"population": "shared", "kernel": "kernel", "none": "sparse"}[self.chip.sharing]

    def _group_channels(self, segment: int) -> np.ndarray:
        """Channels of the block in each group that it has."""
        return np.unique(self._channels[segment] // self._group_outputs, return_counts=True)[1]

    def _run_targets(self, start: int, stop: int) -> np.ndarray:
        positions = self._targets.shape[2]
        return self._targets.reshape(-1, positions)[self._pixels[start:stop]]

    def _synapses(
        self, segment: int, start: int, stop: int
    ) -> tuple[int, int, int, frozenset[Hashable]]:
        taps = self._run_targets(start, stop)
        groups = self._group_channels(segment)
        pixels = np.unique(taps[taps >= 0])
        formats: frozenset[Hashable] = frozenset([(self.storage, self.weight_width)])
        if self.chip.sharing == "kernel":
            used = int((taps >= 0).any(axis=0).sum())
            lists = used * self._group_inputs
            entry = self._synapse_bits(index=False)
            bits = lists * sum(self.format.kernel_bits(int(each), entry) for each in groups)
            return self._layer.stride[1], bits, lists * int(groups.sum()), formats
        if self.chip.sharing == "none":
            reach = np.unique(taps[taps >= 0], return_counts=True)[1]
            axons = self._group_inputs
        else:
            reach, axons = self._patterns(taps, pixels), 1
        each = reach[:, None] * groups[None, :] * (self._group_inputs // axons)
        bits = int(self.format.list_bits(each, self._synapse_bits(index=True)).sum()) * axons
        return len(pixels) * len(groups) * axons, bits, int(each.sum()) * axons, formats

    def _synapse_bits(self, *, index: bool) -> int:
        bits = self.weight_width + self.format.tag_bits
        return bits + (self.format.index_bits if index else 0)

    def _patterns(self, taps: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """Pixels that each different list of weights reaches."""
        unit, position = np.nonzero(taps >= 0)
        reached = np.full((len(pixels), taps.shape[1]), -1)
        reached[np.searchsorted(pixels, taps[unit, position]), position] = unit
        first = np.where(reached < 0, len(taps), reached).min(axis=1)
        relative = np.where(reached < 0, -1, reached - first[:, None])
        page = first // self.chip.cost("population_base", len(taps))
        lists = np.unique(np.column_stack([relative, page]), axis=0)
        return (lists[:, :-1] >= 0).sum(axis=1)

    def sources(self, segment: int, start: int, stop: int) -> np.ndarray:
        """Features before the layer that a run listens to, flat, rising."""
        taps = self._run_targets(start, stop)
        pixels = np.unique(taps[taps >= 0])
        groups = np.unique(self._channels[segment] // self._group_outputs)
        channels = groups[:, None] * self._group_inputs + np.arange(self._group_inputs)
        return (channels.ravel()[:, None] * math.prod(self._before[1:]) + pixels).ravel()

    def least(self) -> LowerBound:
        """The least that neurons ask: every kernel position of every channel once a core.

        A core of n neurons has at least n / pixels of the channels, and of each channel a pixel,
        which takes as many positions as lie inside the image.
        """
        number = np.arange(self._most() + 1, dtype=np.int64)
        positions = int((self._targets >= 0).sum(axis=2).min())
        state = number * self.state_bits
        kernel = positions * self._group_inputs
        if self.chip.sharing == "none":
            memory = number * kernel * self._synapse_bits(index=True)
        else:
            channels = -(-number // math.prod(self.shape[1:]))
            memory = channels * kernel * self._synapse_bits(index=self.chip.sharing != "kernel")
        each = 1 if self.chip.sharing == "kernel" else positions
        axons = np.where(number > 0, each, 0)
        return self._least(memory + state, axons, self.neurons * self.state_bits)

    def least_destinations(self, most: int) -> np.ndarray:
        """Cores that each feature before the layer sends to at least: one, if it is used."""
        used = np.zeros(math.prod(self._before[1:]), np.int64)
        used[self._targets[self._targets >= 0]] = 1
        return np.tile(used, self._before[0])
