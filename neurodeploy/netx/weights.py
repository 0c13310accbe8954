"""What becomes of a dense weight matrix between the file and Lava's synapse.

netx scales a matrix to fill the synapse's eight bits (``lava.lib.dl.netx.utils
.optimize_weight_bits``); Lava's Dense process then clips and truncates it
(``lava.utils.weightutils``) and scales the sum back. Mostly that changes nothing. It does for
matrices without a positive weight, and for weights beyond eight bits and a sign.
"""

from __future__ import annotations

import numpy as np

from neurodeploy.errors import NetworkError, message


def weights_as_run(weight: np.ndarray) -> np.ndarray:
    """The integer weights that Lava's Dense process really applies.

    Parameters
    ----------
    weight : int array [output, input]
        As in the file.

    Returns
    -------
    int32 array [output, input]

    Raises
    ------
    NetworkError
        As `stored_weights`, or Lava rounds the weighted sum of these, which no weights could do.
    """
    stored, scale_bits = stored_weights(weight)
    if (stored & ((1 << scale_bits) - 1)).any():
        raise NetworkError(
            message(
                "weight",
                "a matrix whose sums Lava does not round",
                f"one without a positive weight, from {weight.min()}",
                "Make the smallest weight even less, or use the engine lava.",
            )
        )
    return (stored >> scale_bits).astype(np.int32)


def stored_weights(weight: np.ndarray) -> tuple[np.ndarray, int]:
    """The weights that Lava's synapse stores, and by how many bits each sum is shifted back.

    Parameters
    ----------
    weight : int array [output, input]
        As in the file.

    Returns
    -------
    stored : int64 array [output, input]
    scale_bits : int

    Raises
    ------
    NetworkError
        netx cannot scale the matrix: it is all zero, or it has one sign and a weight beyond
        255 or -256.
    """
    weight = weight.astype(np.int64)
    if weight.min() < 0 < weight.max():
        weight = np.clip(weight, -256, 254)
    high, low = int(weight.max()), int(weight.min())
    if high == low == 0:
        raise NetworkError(message("weight", "a weight other than 0", "an all-zero matrix"))
    if high > 255 or low < -256:
        raise NetworkError(message("weight", "-256 to 255", f"{low} to {high}"))
    mixed = low < 0 <= high
    if mixed:
        scale_bits = int(np.floor(np.log2(min(127 / high if high else np.inf, -128 / low)))) + 1
    else:
        scale_bits = int(np.floor(np.log2(255 / high if high > 0 else -256 / low)))
    even_bits = next((n for n in range(8, 0, -1) if not (weight % (1 << n)).any()), 0)
    dropped_bits = scale_bits + even_bits  # 8 bits less num_weight_bits, plus 1 where mixed
    scaled = weight << scale_bits
    if high <= 0:  # Lava takes a matrix without a positive weight for inhibitory; netx, mixed
        dropped_bits -= int(mixed)
        stored = -((np.clip(-scaled, 0, 255) >> dropped_bits) << dropped_bits)
    else:
        stored = (np.clip(scaled, -256, 255) >> dropped_bits) << dropped_bits
    return stored, scale_bits
