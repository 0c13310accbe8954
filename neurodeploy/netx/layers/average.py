"""Averages of groups of neurons."""

from __future__ import annotations

import math
from dataclasses import dataclass

from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers.base import LayerBase


@dataclass(frozen=True, kw_only=True, eq=False)
class Average(LayerBase):
    """Groups of neurons averaged, as older files end with; no chip runs it.

    Parameters
    ----------
    outputs : int
        Number of groups.
    """

    outputs: int

    kind = "average"
    neuron = None

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """One feature a group.

        Raises
        ------
        NetworkError
            The features do not divide into the groups.
        """
        if self.outputs < 1 or math.prod(input_shape) % self.outputs:
            raise NetworkError(
                message("shape", f"a divisor of {math.prod(input_shape)} features", self.outputs)
            )
        return (self.outputs,)

    def neuron_count(self, shape: tuple[int, ...]) -> int:
        """None at all."""
        return 0
