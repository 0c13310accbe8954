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
    stored : int64 array [output, input], or [output, input + output] with recurrent weights
    scale_bits : int

    Raises
    ------
    NetworkError
        netx cannot scale the matrix: it is all zero, or it has one sign and a weight beyond
        255 or -256.
    """
    parts = [weight] if recurrent_weight is None else [weight, recurrent_weight]
    whole = np.hstack(parts).astype(np.int64)
    if whole.min() < 0 < whole.max():
        whole = np.clip(whole, -256, 254)
    high, low = int(whole.max()), int(whole.min())
    if high == low == 0:
        raise NetworkError(message("weight", "a weight other than 0", "an all-zero matrix"))
    if high > 255 or low < -256:
        raise NetworkError(message("weight", "-256 to 255", f"{low} to {high}"))
    mixed = low < 0 <= high
    if mixed:
        scale_bits = int(np.floor(np.log2(min(127 / high if high else np.inf, -128 / low)))) + 1
    else:
        scale_bits = int(np.floor(np.log2(255 / high if high > 0 else -256 / low)))
    even_bits = next((n for n in range(8, 0, -1) if not (whole % (1 << n)).any()), 0)
    unused_bits = scale_bits + even_bits - mixed  # 8 less netx's num_weight_bits
    scaled = np.split(whole << scale_bits, [weight.shape[1]], axis=1)[: len(parts)]
    return np.hstack([_truncated(part, unused_bits) for part in scaled]), scale_bits


def _truncated(weight: np.ndarray, unused_bits: int) -> np.ndarray:
    """Clip and truncate as Lava's Dense does, by the signs that it finds in the matrix."""
    if weight.min() >= 0:
        return (np.minimum(weight, 255) >> unused_bits) << unused_bits
    if weight.max() <= 0:
        return -((np.minimum(-weight, 255) >> unused_bits) << unused_bits)
    unused_bits += 1
    return (np.clip(weight, -256, 255) >> unused_bits) << unused_bits
