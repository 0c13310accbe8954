"""A host decoder in integers of 8 bits or fewer, for real: what it loses is measured, not assumed.

Each layer multiplies integers only. Its weights are rounded once, with a scale for each output;
what arrives is rounded to 8 bits as it arrives, with a scale for each sample. Products are summed
without error and scaled back, and the bias is added; this is dynamic quantization, symmetric, as
in Krishnamoorthi, Quantizing deep convolutional networks for efficient inference, arXiv 1806.08342.
"""

from __future__ import annotations

import copy

import torch

from neurodeploy.model.decoder import Decoder
from neurodeploy.model.macs import WEIGHTED

LARGEST = 127
"""Of a signed integer of 8 bits, without -128, so that both signs reach as far."""

BITS = 8
"""Of what arrives, and of weights at most."""


class EightBits(torch.nn.Module):
    """A linear or convolution layer whose inputs and weights are integers.

    They are held as float64, in which sums of their products are exact.

    Parameters
    ----------
    layer : Module
        Of `WEIGHTED`.
    bits : int
        Of a weight, 2 to 8; inputs have 8.
    """

    @torch.no_grad()
    def __init__(self, layer: torch.nn.Module, bits: int = BITS) -> None:
        super().__init__()
        assert isinstance(layer, WEIGHTED)
        self.product = copy.deepcopy(layer).double().requires_grad_(False)
        self.product.bias = None
        flat = self.product.weight.flatten(1)
        scale = _scale(flat.abs().amax(1), (1 << (bits - 1)) - 1)
        self.product.weight.copy_((flat / scale[:, None]).round().view_as(self.product.weight))
        trailing = (1,) * (layer.weight.ndim - 2)
        self.scale = scale.view(-1, *trailing)
        bias = torch.zeros(len(scale)) if layer.bias is None else layer.bias.detach().clone()
        self.bias = bias.double().view(-1, *trailing)

    def forward(self, arriving: torch.Tensor) -> torch.Tensor:
        """As the layer does, in float32 from and to [sample, ...]."""
        given = arriving.double()
        largest = given.abs().flatten(1).amax(1).view(-1, *(1,) * (given.ndim - 1))
        scale = _scale(largest, LARGEST)
        whole: torch.Tensor = self.product((given / scale).round())
        return (whole * scale * self.scale + self.bias).to(arriving.dtype)


def _scale(largest: torch.Tensor, levels: int) -> torch.Tensor:
    return torch.where(largest > 0, largest / levels, 1.0)


@torch.no_grad()
def eight_bit_decoder(decoder: Decoder, bits: int = BITS) -> Decoder | None:
    """A copy of a decoder that multiplies integers of 8 bits, with weights of as many or fewer.

    Parameters
    ----------
    decoder : Decoder
        Left as it is.
    bits : int
        Of a weight.

    Returns
    -------
    Decoder or None
        None where a part has parameters and is neither linear nor a convolution (a GRU, for
        instance): its products are its own.
    """
    copied = copy.deepcopy(decoder.in_floats).eval().requires_grad_(False)
    for name, part in list(copied.named_modules()):
        if isinstance(part, WEIGHTED):
            parent, _, last = name.rpartition(".")
            setattr(copied.get_submodule(parent), last, EightBits(part, bits))
        elif any(True for _ in part.parameters(recurse=False)):
            return None
    return copied
