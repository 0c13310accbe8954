"""What a decoder asks of the host, before it runs and as it ran."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from neurodeploy.deploy.parts import ChipPart, Deployed
from neurodeploy.netx.network import Network

if TYPE_CHECKING:
    from neurodeploy.model.decoder import Decoder


def decoder_of(deployed: Deployed) -> Decoder | None:
    """The decoder of a bundle; None of a network alone."""
    return None if isinstance(deployed, Network | ChipPart) else deployed.decoder


@dataclass(frozen=True, kw_only=True)
class Host:
    """What the decoder asks of the host: operations of one answer, and what it is made of.

    The bytes are NeuroBench's footprint of its tensors, matrices with the ``weight_bits`` of a
    weight, the rest as they are.
    """

    macs_per_sample: int = 0
    weights: int = 0
    weight_bits: int = 32
    footprint_bytes: int = 0

    @classmethod
    def of(cls, deployed: Deployed, steps: int) -> Host:
        """Of a bundle's decoder after so many steps; nothing of a network alone.

        Raises
        ------
        InputError
            The decoder's operations cannot be counted; see `Decoder.macs`.
        """
        decoder = decoder_of(deployed)
        if decoder is None:
            return cls()
        weight_bits = decoder.config.bits
        tensors = itertools.chain(decoder.parameters(), decoder.buffers())
        bits = sum(
            tensor.numel() * (weight_bits if tensor.ndim > 1 else 8 * tensor.element_size())
            for tensor in tensors
        )
        return cls(
            macs_per_sample=decoder.macs_after(steps),
            weights=sum(tensor.numel() for tensor in decoder.parameters()),
            weight_bits=weight_bits,
            footprint_bytes=-(-bits // 8),
        )


@dataclass(frozen=True, kw_only=True)
class DecoderWork:
    """What a decoder did with the spikes of a run, and what the equal ANN's would do.

    Parameters
    ----------
    effective_macs : float
        Mean of a sample: without products with an input or a weight of 0.
    eight_bits : mapping of str to mapping
        What integers of 8 bits make of each head (`eight_bit_decoder`): ``error``, the root mean
        square of the change over that of the outputs; ``same``, the share of samples whose
        largest output stays. Empty where the decoder has no such form.
    ann_macs : int
        Of the equal ANN's decoder, dense.
    ann_effective_macs : float
        Of them, those that are not by 0; mean of a sample.
    ann_weights : int
        Its parameters.
    """

    effective_macs: float = 0.0
    eight_bits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    ann_macs: int = 0
    ann_effective_macs: float = 0.0
    ann_weights: int = 0

    @classmethod
    def of(cls, deployed: Deployed, spikes: np.ndarray) -> DecoderWork:
        """Of the answers to whole samples of output spikes [sample, *features, time]; nothing of a
        network alone, for which torch is not loaded.
        """
        decoder = decoder_of(deployed)
        if decoder is None:
            return cls()
        from neurodeploy.cost import decoding

        return cls(**decoding.measured(decoder, spikes))
