"""What becomes of a dense weight matrix between the file and Lava's synapse.

netx scales a matrix to fill the synapse's eight bits (``lava.lib.dl.netx.utils
.optimize_weight_bits``); Lava's Dense process then clips and truncates it
(``lava.utils.weightutils``) and scales each sum back. Mostly that changes nothing. It does for
matrices without a positive weight, and for weights beyond eight bits and a sign.
"""

from __future__ import annotations

import numpy as np

from neurodeploy.errors import NetworkError, message


def stored_weights(
    weight: np.ndarray, recurrent_weight: np.ndarray | None = None
) -> tuple[np.ndarray, int]:
    """The weights that Lava's synapses store, and by how many bits each sum is shifted back.

    Parameters
    ----------
    weight : int array [output, input]
        As in the file.
    recurrent_weight : int array [output, output], optional
        Of the same layer; netx scales both matrices as one, Lava truncates each by itself.

    Returns
    -------
    stored : int16 array [output, input], or [output, input + output] with recurrent weights
    scale_bits : int

    Raises
    ------
    NetworkError
        netx cannot scale the matrix: it is all zero, or it has one sign and a weight beyond
        255 or -256.
    """
    parts = [weight] if recurrent_weight is None else [weight, recurrent_weight]
    low, high = min(int(part.min()) for part in parts), max(int(part.max()) for part in parts)
    if low < 0 < high:
        low, high = max(low, -256), min(high, 254)
    if high == low == 0:
        raise NetworkError(message("weight", "a weight other than 0", "an all-zero matrix"))
    if high > 255 or low < -256:
        raise NetworkError(message("weight", "-256 to 255", f"{low} to {high}"))
    stored = np.empty((len(weight), sum(part.shape[1] for part in parts)), np.int16)
    places = np.split(stored, [weight.shape[1]], axis=1)[: len(parts)]
    for place, part in zip(places, parts, strict=True):
        np.clip(part, low, high, out=place, casting="unsafe")
    mixed = low < 0 <= high
    if mixed:
        scale_bits = int(np.floor(np.log2(min(127 / high if high else np.inf, -128 / low)))) + 1
    else:
        scale_bits = int(np.floor(np.log2(255 / high if high > 0 else -256 / low)))
    ones = int(np.bitwise_or.reduce(stored, axis=None))
    even_bits = (ones & -ones).bit_length() - 1
    unused_bits = scale_bits + even_bits - mixed  # 8 less netx's num_weight_bits
    stored <<= scale_bits
    for place in places:
        _truncate(place, unused_bits)
    return stored, scale_bits


def _truncate(weight: np.ndarray, unused_bits: int) -> None:
    """Clip and truncate in place as Lava's Dense does, by the signs that it finds."""
    low, high = int(weight.min()), int(weight.max())
    sign = -1 if high <= 0 else 1
    unused_bits += low < 0 < high
    weight *= sign
    np.clip(weight, -256, 255, out=weight)
    weight >>= unused_bits
    weight <<= unused_bits
    weight *= sign
