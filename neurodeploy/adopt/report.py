"""What a conversion to integers did to each layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neurodeploy._io.reprs import html_table
from neurodeploy.adopt.floats import FloatLayer, Number
from neurodeploy.adopt.levels import Rounded, decay_integers, relative_error
from neurodeploy.netx.reach import highest_voltage
from neurodeploy.netx.units import DECAY_SCALE


@dataclass(frozen=True, kw_only=True)
class SpikeDifference:
    """Spikes of a layer in integers against those in floats, on the samples of a calibration.

    Parameters
    ----------
    float_spikes, integer_spikes : int
        In all samples.
    different : float or None
        Sum over samples and neurons of how far the two counts are apart, as a part of
        ``float_spikes``; None where that is 0.
    own : float or None
        The same if the layer gets the spikes that the float network sends it: what is lost in
        this layer alone.
    """

    float_spikes: int
    integer_spikes: int
    different: float | None
    own: float | None


@dataclass(frozen=True, kw_only=True)
class LayerReport:
    """One layer, in floats and in integers.

    Parameters
    ----------
    name : str
        Of the layer in floats.
    weight_bits : int
        Bits, with the sign, that its weights need.
    scale : float
        What weights, threshold and bias were multiplied with.
    threshold : int
        In integers.
    current_decay_error, voltage_decay_error : float
        The largest difference of a decay a step, as it runs less as it was.
    weight_error : float
        Root of the summed squared errors of weights and biases, in units of the threshold, as a
        part of their own sum.
    silent : bool
        All inputs active in all steps would not reach the threshold: it never sends a spike.
    spikes : SpikeDifference, optional
        With a calibration.
    """

    name: str
    weight_bits: int
    scale: float
    threshold: int
    current_decay_error: float
    voltage_decay_error: float
    weight_error: float
    silent: bool
    spikes: SpikeDifference | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a conversion did, layer by layer."""

    bits: int
    layers: tuple[LayerReport, ...]

    @property
    def loses_most(self) -> str | None:
        """Name of the layer that alone changes the largest part of its spikes.

        None without a calibration, or where nothing is lost.
        """
        own = {layer.name: layer.spikes.own or 0.0 for layer in self.layers if layer.spikes}
        return max(own, key=lambda name: own[name]) if any(own.values()) else None

    def _repr_html_(self) -> str:
        heads = ("layer", "bits", "threshold", "weight error", "silent", "counts that differ")
        rows = [
            (
                layer.name,
                layer.weight_bits,
                layer.threshold,
                f"{layer.weight_error:.2%}",
                "yes" if layer.silent else "no",
                _share(layer.spikes),
            )
            for layer in self.layers
        ]
        return html_table(f"Floats to integers of {self.bits} bits", heads, rows)

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            "bits": self.bits,
            "loses_most": self.loses_most,
            "layers": [asdict(layer) for layer in self.layers],
        }


def report_layer(
    layer: FloatLayer, rounded: Rounded, spikes: SpikeDifference | None = None
) -> LayerReport:
    """Compare a layer with what it became."""
    return LayerReport(
        name=layer.name,
        weight_bits=_bits_needed(list(rounded.layer.matrices.values())),
        scale=rounded.scale,
        threshold=rounded.layer.neuron.threshold,
        current_decay_error=_decay_error(layer.current_decay),
        voltage_decay_error=_decay_error(layer.voltage_decay),
        weight_error=relative_error(layer, rounded.layer),
        silent=highest_voltage(rounded.layer) <= rounded.layer.neuron.threshold << 6,
        spikes=spikes,
    )


def compare_spikes(floats: np.ndarray, integers: np.ndarray, alone: np.ndarray) -> SpikeDifference:
    """Compare spikes [sample, *features, time]; ``alone`` are those of `SpikeDifference.own`."""
    expected = floats.sum(-1, dtype=np.int64)
    total = int(expected.sum())
    different, own = (
        float(np.abs(sent.sum(-1, dtype=np.int64) - expected).sum()) / total if total else None
        for sent in (integers, alone)
    )
    return SpikeDifference(
        float_spikes=total,
        integer_spikes=int(integers.sum(dtype=np.int64)),
        different=different,
        own=own,
    )


def _share(spikes: SpikeDifference | None) -> str:
    """What of the spike counts is different, in words; empty without a calibration."""
    if spikes is None:
        return ""
    return "no spikes" if spikes.different is None else f"{spikes.different:.2%}"


def _bits_needed(matrices: Sequence[np.ndarray]) -> int:
    """Bits of a weight in units of the largest power of two that divides all of them."""
    ones = int(np.bitwise_or.reduce(np.concatenate([m.ravel() for m in matrices])))
    unit = ones & -ones
    low, high = (
        int(each) // unit for each in (min(map(np.min, matrices)), max(map(np.max, matrices)))
    )
    return 1 + max((-low - 1).bit_length() if low < 0 else 0, high.bit_length())


def _decay_error(decay: Number) -> float:
    """The largest, with its sign."""
    errors = np.ravel(decay_integers(decay) / DECAY_SCALE - decay)
    return float(errors[np.argmax(np.abs(errors))])
