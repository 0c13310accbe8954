"""The end of a NIR graph that sends no spikes, read by the host.

I, LI and CubaLI neurons add up what arrives, so what they hold at the end of a sample is one affine
map of all spikes that they got: a linear decoder of the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurodeploy.adopt.nir.neurons import Dynamics

if TYPE_CHECKING:
    from neurodeploy.model.decoder import Decoder

HEAD = "label"


@dataclass(frozen=True, kw_only=True, eq=False)
class Readout:
    """Integrators, and the weights of the spikes that reach them.

    Parameters
    ----------
    nodes : tuple of str
        Their names in the graph.
    weight : float64 array [output, neuron]
        Of the spikes of the last spiking layer.
    offset : float64 array [output]
        Added to each weighted sum.
    dynamics : Dynamics
        Of the integrators.
    """

    nodes: tuple[str, ...]
    weight: np.ndarray
    offset: np.ndarray
    dynamics: Dynamics

    def decoder(self, steps: int) -> Decoder:
        """What the integrators hold after a sample, as a decoder of its whole window.

        Parameters
        ----------
        steps : int
            Of a sample. Before its end, the answer is that to the spikes so far, with silence
            behind them.

        Returns
        -------
        Decoder
            ``linear``, with one head, ``label``.
        """
        import torch

        from neurodeploy.model.decoder import Decoder, DecoderConfig

        outputs, neurons = self.weight.shape
        kept = self._kept(steps)
        by_step = self.weight[:, :, None] * kept[:, None, ::-1]
        leak = self.dynamics.leak * (1 - self.dynamics.voltage_decay) ** np.arange(steps)[:, None]
        decoder = Decoder(
            DecoderConfig(kind="linear", neurons=neurons, window_steps=steps, heads={HEAD: outputs})
        )
        bias = self.offset * kept.sum(1) + leak.sum(0)
        decoder.load_state_dict(
            {
                f"heads.{HEAD}.weight": torch.from_numpy(by_step.reshape(outputs, -1)).float(),
                f"heads.{HEAD}.bias": torch.from_numpy(bias).float(),
            }
        )
        return decoder.eval().requires_grad_(False)

    def _kept(self, steps: int) -> np.ndarray:
        """What is left of a one that arrived so many steps ago, float64 [output, step]."""
        current, voltage = self.dynamics.gain, np.zeros(len(self.weight))
        kept = np.empty((len(self.weight), steps))
        for step in range(steps):
            voltage = voltage * (1 - self.dynamics.voltage_decay) + current
            current = current * (1 - self.dynamics.current_decay)
            kept[:, step] = voltage
        return kept
