"""What every layer says of itself, and the checks that several share."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from neurodeploy._io.reprs import ShortRepr
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.neurons import Neuron, integers


class LayerBase(ShortRepr, ABC):
    """The answers of a layer without synapses; layers with some override them."""

    takes_real_values = False
    """Whether a real-valued signal arrives at its neurons, not spikes."""

    flattens = False
    """Whether it reads the features before it as one vector."""

    @property
    def forward_matrices(self) -> dict[str, np.ndarray]:
        """Weights of the synapses from the layer before, by field."""
        return {}

    @property
    def recurrent_weight(self) -> np.ndarray | None:
        """Weights of the synapses [to, from] between its own neurons."""
        return None

    @property
    def delay_matrix(self) -> np.ndarray | None:
        """Delay of every synapse from the layer before in steps as it runs, or None."""
        return None

    @property
    def matrices(self) -> dict[str, np.ndarray]:
        """Weights of all synapses, by field."""
        return self.forward_matrices | given(recurrent_weight=self.recurrent_weight)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All integers that the layer stores, but those of its neurons: weights, biases, delays."""
        return self.matrices

    @property
    def parameters(self) -> int:
        """Number of stored weights, biases and delays."""
        return sum(array.size for array in self.arrays.values())

    @property
    def has_synapses(self) -> bool:
        """Whether spikes reach it through synapses, which takes a step."""
        return bool(self.forward_matrices)

    @abstractmethod
    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the layer's features.

        Raises
        ------
        NetworkError
            The layer does not fit this input.
        """

    def neuron_count(self, shape: tuple[int, ...]) -> int:
        """Neurons of the layer, if its features are [*shape]."""
        return math.prod(shape)

    def fan_out(self, input_shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Connections of each input feature: all, and those with a weight other than 0.

        Without recurrent ones; a complex weight is two connections.

        Parameters
        ----------
        input_shape : tuple of int
            Features before the layer.

        Returns
        -------
        connections, effective : int64 array [*input_shape]
        """
        return _columns(list(self.forward_matrices.values()), input_shape)

    def recurrent_fan_out(self, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """The same of each neuron of the layer [*shape], through its recurrent weights."""
        recurrent = self.recurrent_weight
        return _columns([] if recurrent is None else [recurrent], shape)

    def synapses(self, input_shape: tuple[int, ...]) -> tuple[int, int]:
        """Connections from features [*input_shape] and between its own neurons.

        Returns
        -------
        connections, effective : int
            All, and those with a weight other than 0.
        """
        forward = self.fan_out(input_shape)
        back = self.recurrent_fan_out(self.output_shape(input_shape))
        every, effective = (int(a.sum() + b.sum()) for a, b in zip(forward, back, strict=True))
        return every, effective


def _columns(matrices: list[np.ndarray], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Weights of matrices [to, from], all and those other than 0, from each feature [*shape]."""
    every, effective = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for matrix in matrices:
        every += len(matrix)
        effective += _nonzero(matrix).reshape(shape)
    return every, effective


def _nonzero(matrix: np.ndarray) -> np.ndarray:
    """Values other than 0 of each column; bytes hold the sum of 255 rows, and are fast to add."""
    blocks = (matrix[first : first + 255] != 0 for first in range(0, len(matrix), 255))
    sums = [block.view(np.uint8).sum(0, dtype=np.uint8) for block in blocks]
    return np.stack(sums).sum(0, dtype=np.int64)


def given(**arrays: np.ndarray | None) -> dict[str, np.ndarray]:
    """Those that are not None."""
    return {name: array for name, array in arrays.items() if array is not None}


def checked_bias(value: Any, count: int) -> np.ndarray:
    """One bias a neuron or channel, int32 [count]; one for all is repeated."""
    bias = integers(value, "bias", ndim=1)
    if bias.shape not in ((count,), (1,)):
        raise NetworkError(message("bias", f"shape ({count},)", f"shape {bias.shape}"))
    return np.broadcast_to(bias, (count,)).copy()


def require_decays(neuron: Neuron, count: int, what: str) -> None:
    """Require one value of each decay, or one for each of so many neurons or channels."""
    for name in neuron.decays:
        decay = getattr(neuron, name)
        if isinstance(decay, np.ndarray) and decay.shape != (count,):
            raise NetworkError(
                message(f"neuron/{name}", f"one value or {count} {what}", f"shape {decay.shape}")
            )
