"""Products of weights with spikes, by lists of the spikes.

Of the spikes that reach a layer a tenth or less are not 0. A product of the weights with all of
them is then mostly a sum of nothing: it is faster to add, for each sample and step, the rows of
weights whose inputs spiked, and for each weight the errors of the steps at which its input spiked.

An `Events` is made once for a layer and a batch, and serves both. The encoder's forward adds whole
numbers, and is equal to the dense product to the bit; a decoder's, and the gradients of weights,
are float sums in an order of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from neurodeploy.model.event_loops import (
    LINE,
    NEAR_ROWS,
    SAMPLES,
    add_errors,
    add_weights,
    list_spikes,
    sort_by_input,
    store_levels,
    sum_levels,
)
from neurodeploy.model.registers import LANES
from neurodeploy.model.workers import share


@dataclass(frozen=True, kw_only=True)
class Events:
    """Which inputs spike, for each sample and step.

    Parameters
    ----------
    starts : ndarray [batch, time + 1], int64
        Where in ``inputs`` those of a sample and step begin, and the next ones.
    inputs : ndarray [event], uint32
        Numbers of the inputs that spike, in order.
    features : int
        Inputs of the layer.
    """

    starts: np.ndarray
    inputs: np.ndarray
    features: int

    @classmethod
    def of(cls, rows: torch.Tensor) -> Events:
        """List the spikes of rows [time, batch, feature], 0 or 1, of any strides, on the CPU."""
        steps, batch, features = rows.shape
        spikes = rows.numpy()
        starts = np.empty((batch, steps + 1), np.int64)
        inputs = np.empty((batch * steps + 1) * features, np.uint32)
        share(_pieces(batch), lambda piece: list_spikes(spikes, piece * SAMPLES, starts, inputs))
        return cls(starts=starts, inputs=inputs, features=features)

    def __len__(self) -> int:
        return int((self.starts[:, -1] - self.starts[:, 0]).sum())

    def weighted(self, weight: torch.Tensor, step: float, out: torch.Tensor) -> None:
        """Sums of the weights of the inputs that spike.

        Parameters
        ----------
        weight : Tensor [output, input], float32
            Multiples of ``step`` by -128 to 127.
        step : float
            A power of two.
        out : Tensor [time, batch, output], float32
            Where they are written.
        """
        levels = np.empty((self.features, len(weight)), np.int8)
        floats, sums = weight.numpy(), out.numpy()
        share(
            _pieces(self.features, LINE),
            lambda piece: store_levels(floats, 1 / step, piece * LINE, levels),
        )
        share(
            _pieces(len(self.starts)),
            lambda piece: sum_levels(self.starts, self.inputs, levels, step, piece * SAMPLES, sums),
        )

    def added(self, weight: torch.Tensor, out: torch.Tensor) -> None:
        """Sums of weights of any value, in the order of the inputs, as `weighted` has them.

        Parameters
        ----------
        weight : Tensor [output, input], float32
        out : Tensor [time, batch, output], float32
            Where they are written.
        """
        floats, sums = weight.numpy(), out.numpy()
        share(
            _pieces(len(weight), LANES),
            lambda tile: add_weights(self.starts, self.inputs, floats, tile, sums),
        )

    def outer(self, errors: torch.Tensor) -> torch.Tensor:
        """Sums, for each weight, of the errors where its input spiked: the weight's gradient.

        Parameters
        ----------
        errors : Tensor [time, batch, output], float32
            Gradients of the weighted spikes.

        Returns
        -------
        Tensor [output, input], float32
        """
        batch, steps = self.starts.shape[0], self.starts.shape[1] - 1
        samples = max(1, NEAR_ROWS // max(1, steps))
        blocks = _pieces(batch, samples)
        ends = np.empty((blocks, self.features + 2), np.int64)
        rows = np.empty(len(self.inputs), np.uint32)
        share(
            blocks,
            lambda block: sort_by_input(
                self.starts, self.inputs, block, samples, ends[block], rows
            ),
        )
        gradient = torch.empty(errors.shape[-1], self.features)
        out, floats = gradient.numpy(), errors.numpy()
        share(
            _pieces(len(out), LANES),
            lambda tile: add_errors(ends, rows, floats, samples, tile, out),
        )
        return gradient


def _pieces(size: int, each: int = SAMPLES) -> int:
    return -(-size // each)
