"""How the weights of a layer are stored: lists of synapses, in words of memory.

A spike reads the list of its input axon. `placement` asks how many words lie in a core,
`neurodeploy.cost` what a spike reads: both from here.

- *dense*: every axon has a list of all neurons, with weights of 0;
- *sparse*: weights of 0 are left out, and each synapse names its neuron;
- *kernel*: a convolution has a list an input channel and kernel position, of all output channels
  that it reaches, whatever the number of pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.hardware.chips import Chip
from neurodeploy.netx.layers import Conv, Layer

UNLIMITED = 2**40
"""Synapses of a list where no block limits them."""

ANY_WIDTH = tuple(range(1, 33))
"""Bits that a weight can have in a memory that stores any number."""


@dataclass(frozen=True, kw_only=True)
class ListFormat:
    """How a memory stores lists of synapses.

    Parameters
    ----------
    word_bits : int
        A block of a list starts at a multiple of so many bits.
    header_bits : int
        Of a block.
    block_synapses : int
        Synapses in a block, at most.
    index_bits, dense_index_bits : int
        Of a synapse, where weights of 0 are left out, and where they are kept.
    tag_bits : int
        Of a synapse.
    weight_widths : tuple of int
        Bits that a weight can have, rising.
    """

    word_bits: int = 1
    header_bits: int = 0
    block_synapses: int = UNLIMITED
    index_bits: int = 0
    dense_index_bits: int = 0
    tag_bits: int = 0
    weight_widths: tuple[int, ...] = ANY_WIDTH

    @classmethod
    def of(cls, chip: Chip) -> ListFormat:
        """The lists of a chip; costs that are not known cost nothing."""
        return cls(
            word_bits=chip.cost("word_bits", 1),
            header_bits=chip.cost("header_bits"),
            block_synapses=chip.cost("block_synapses", UNLIMITED),
            index_bits=chip.cost("index_bits"),
            dense_index_bits=chip.cost("dense_index_bits"),
            tag_bits=chip.cost("tag_bits"),
            weight_widths=chip.weight_widths,
        )

    @classmethod
    def plain(cls, neurons: int) -> ListFormat:
        """A memory of any width without words or headers, of a layer of so many neurons."""
        return cls(index_bits=max(1, (neurons - 1).bit_length()))

    def list_bits(self, synapses: Any, entry_bits: int) -> Any:
        """Memory of lists of so many synapses, int64.

        Parameters
        ----------
        synapses : int or int array
            Of each list.
        entry_bits : int
            Of one synapse.
        """
        whole, rest = np.divmod(np.asarray(synapses, np.int64), self.block_synapses)
        return whole * self._words(self.block_synapses, entry_bits) + np.where(
            rest > 0, self._words(rest, entry_bits), 0
        )

    def kernel_bits(self, channels: int, entry_bits: int) -> int:
        """Memory of one list of a convolution that reaches so many output channels.

        Its channels lie in blocks of a power of two, the largest first: 48 are 32 and 16. Found
        here: it gives the words of each convolution that a compiler printed (`measured.toml`).
        """
        powers = [1 << bit for bit in range(channels.bit_length()) if channels >> bit & 1]
        return int(self.list_bits(powers, entry_bits).sum())

    def _words(self, synapses: Any, entry_bits: int) -> Any:
        """Bits of one block, rounded up to words."""
        return -(-(synapses * entry_bits + self.header_bits) // self.word_bits) * self.word_bits


@dataclass(frozen=True, kw_only=True)
class StoredWeights:
    """The stored synapses of a layer, if one memory held all of them once.

    Parameters
    ----------
    form : str
        "dense", "sparse" or "kernel"; "" of a layer without synapses.
    weight_bits, delay_bits : int
        Of one synapse.
    entry_bits : int
        Of one synapse with all that is stored beside its weight.
    lists : int
        Lists of synapses.
    entries : int
        Synapses in all lists; a complex weight is two.
    bits, words : int
        Memory of all lists with headers, in whole words.
    """

    form: str = ""
    weight_bits: int = 0
    delay_bits: int = 0
    entry_bits: int = 0
    lists: int = 0
    entries: int = 0
    bits: int = 0
    words: int = 0


def stored_weights(layer: Layer, chip: Chip | None = None) -> StoredWeights:
    """How a layer's synapses are stored: in the form that takes less, or as the chip does it.

    Parameters
    ----------
    layer : layer
        Of a network.
    chip : Chip, optional
        Whose lists are taken; else those of a plain memory: weights as narrow as they are, no
        headers, no words, an index as wide as the layer has neurons.

    Returns
    -------
    StoredWeights
        A spike reads one list: of "sparse" ones, the synapses other than 0. Dense layers of a
        chip that keeps weights of 0 (`neurodeploy.hardware.chips.PlacementRule`) are "dense". What
        cores store twice, and how a chip without such kernels stores a convolution, is said by
        `neurodeploy.hardware.placement.place`.
    """
    matrices = list(layer.matrices.values())
    if not matrices:
        return StoredWeights()
    form = ListFormat.plain(len(matrices[0])) if chip is None else ListFormat.of(chip)
    if isinstance(layer, Conv):
        return _kernels(layer, form)
    width, delay = matrix_bits(layer, form)
    synapses = axon_synapses(layer)
    zeros_kept = chip is not None and chip.placement.zeros_kept
    every = len(layer.forward_matrices) * len(matrices[0])
    kept = np.where(zeros_kept | (synapses > 0), every, 0)
    fixed = width + delay + form.tag_bits
    choices = []
    for name, numbers, index in (
        ("dense", kept, form.dense_index_bits),
        ("sparse", synapses, form.index_bits),
    ):
        bits = int(form.list_bits(numbers, fixed + index).sum())
        stored = StoredWeights(
            form=name,
            weight_bits=width,
            delay_bits=delay,
            entry_bits=fixed + index,
            lists=int(np.count_nonzero(numbers)),
            entries=int(numbers.sum()),
            bits=bits,
            words=-(-bits // form.word_bits),
        )
        choices.append(stored)
    return choices[0] if zeros_kept else min(choices, key=lambda stored: stored.bits)


def axon_synapses(layer: Layer) -> np.ndarray:
    """Synapses other than 0 of each input axon, int64 [axon]: inputs, then own neurons."""
    forward = sum((matrix != 0).sum(axis=0) for matrix in layer.forward_matrices.values())
    back = layer.recurrent_weight
    parts = [forward] if back is None else [forward, (back != 0).sum(axis=0)]
    return np.concatenate(parts).astype(np.int64)


def matrix_bits(layer: Layer, form: ListFormat, narrower: int = 0) -> tuple[int, int]:
    """Bits of a weight and of a delay of any synapse of a dense layer; see `weight_bits`."""
    delays = layer.delay_matrix
    width = weight_bits(form.weight_widths, list(layer.matrices.values()), narrower)
    return width, 0 if delays is None else int(delays.max()).bit_length()


def weight_bits(widths: Sequence[int], weights: Sequence[np.ndarray], narrower: int = 0) -> int:
    """Bits that hold every weight of a layer, of the widths that there are.

    A power of two that all weights share is the exponent's, which a format has once; a sign takes
    a bit where both signs occur. Weights beyond the widest are truncated to it, as netx does.

    Parameters
    ----------
    widths : sequence of int
        Rising.
    weights : sequence of int array
        Of one layer.
    narrower : int
        By how many of the widths less, as if they had been quantised so.
    """
    together = 0
    for each in weights:
        together |= int(np.bitwise_or.reduce(np.abs(each.astype(np.int64)).ravel()))
    exponent = (together & -together).bit_length() - 1 if together else 0
    low = min(int(each.min()) for each in weights) >> exponent
    high = max(int(each.max()) for each in weights) >> exponent
    if low < 0 < high:
        needed = 1 + max((-low - 1).bit_length(), high.bit_length())
    else:
        needed = max(-low, high).bit_length()
    place = next((at for at, width in enumerate(widths) if width >= needed), len(widths) - 1)
    return widths[max(place - narrower, 0)]


def _kernels(layer: Conv, form: ListFormat) -> StoredWeights:
    channels, group_inputs, *positions = layer.weight.shape
    lists = layer.groups * group_inputs * int(np.prod(positions))
    width = weight_bits(form.weight_widths, [layer.weight])
    entry = width + form.tag_bits
    bits = lists * form.kernel_bits(channels // layer.groups, entry)
    return StoredWeights(
        form="kernel",
        weight_bits=width,
        entry_bits=entry,
        lists=lists,
        entries=layer.weight.size,
        bits=bits,
        words=-(-bits // form.word_bits),
    )
