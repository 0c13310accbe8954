"""One layer of the encoder, timed as the chip times it.

A block delays its input by one step *before* the synapse, then applies the axonal delay of each
neuron, then the neuron. Stock SLAYER blocks shift after the neuron, which differs from Lava as
soon as a neuron has a bias; in this order the two agree spike for spike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torch

from neurodeploy._io.digest import digest
from neurodeploy._io.lava import lava_imports
from neurodeploy.model.decays import LearntDecays
from neurodeploy.model.delays import AxonalDelays
from neurodeploy.model.dynamics import Current, HiddenNeuron, HiddenSpikes, time_last
from neurodeploy.model.images import Geometry, WeightedImages
from neurodeploy.model.products import WeightedSpikes
from neurodeploy.model.recurrence import RecurrentSpikes
from neurodeploy.model.specs import ConvSpec, DenseSpec, LayerSpec, RecurrentSpec

with lava_imports():
    from lava.lib.dl import slayer
    from lava.lib.dl.slayer.neuron.cuba import SCALE_RHO_MULT, TAU_RHO_MULT


class Block(torch.nn.Module):
    """One layer: one step of transport, synapse, axonal delay, bias and CUBA neuron.

    ``connected`` and ``recurrent_connected``, where they are not None, are 0 where a synapse was
    pruned, in the weight's shape.

    Parameters
    ----------
    spec : DenseSpec, ConvSpec or RecurrentSpec
        The layer.
    input_shape : sequence of int
        Features of the layer before, without batch and time.
    """

    connected: torch.Tensor | None
    recurrent_connected: torch.Tensor | None

    def __init__(self, spec: LayerSpec, input_shape: Sequence[int]) -> None:
        super().__init__()
        self.spec = spec
        self.input_shape = tuple(input_shape)
        neuron = spec.neuron
        self.neuron = slayer.neuron.cuba.Neuron(
            threshold=neuron.threshold,
            current_decay=neuron.current_decay,
            voltage_decay=neuron.voltage_decay,
            tau_grad=neuron.surrogate_width,
            scale_grad=neuron.surrogate_scale,
        )
        self.recurrent_synapse = None
        if not isinstance(spec, ConvSpec):
            features = int(torch.tensor(self.input_shape).prod())
            self.synapse = slayer.synapse.Dense(
                features, spec.neurons, weight_scale=spec.weight_scale
            )
            self.shape: tuple[int, ...] = (spec.neurons,)
            if isinstance(spec, RecurrentSpec):
                self.recurrent_synapse = slayer.synapse.Dense(
                    spec.neurons, spec.neurons, weight_scale=spec.weight_scale
                )
        else:
            self.shape = spec.output_shape(self.input_shape)
            geometry = {
                name: getattr(spec, name)
                for name in ("kernel_size", "stride", "padding", "dilation", "groups")
            }
            self.synapse = slayer.synapse.Conv(
                self.input_shape[0], spec.channels, weight_scale=spec.weight_scale, **geometry
            )
        self.register_buffer("connected", None)
        self.register_buffer("recurrent_connected", None)
        self.bias = (
            torch.nn.Parameter(torch.zeros(self.shape[0], *[1] * len(self.shape)))
            if spec.bias
            else None
        )
        self.decays = LearntDecays(neuron) if spec.learn_decays else None
        self.delay = (
            AxonalDelays(spec.neurons, spec.delay_steps)
            if isinstance(spec, DenseSpec) and spec.delay_steps
            else None
        )

    @property
    def identity(self) -> dict[str, Any]:
        """What it is, apart from the values of its parameters, as JSON."""
        masks = {"pruned": self.connected, "recurrent_pruned": self.recurrent_connected}
        return {
            "kind": type(self.spec).__name__,
            **asdict(self.spec),
            **{
                name: None if mask is None else digest(mask.cpu().numpy())
                for name, mask in masks.items()
            },
        }

    @property
    def weight(self) -> torch.Tensor:
        """The weights that the chip has, in SLAYER's units and SLAYER's shape."""
        weight = self.synapse.weight
        return self.spec.levels(weight if self.connected is None else weight * self.connected)

    @property
    def recurrent_weight(self) -> torch.Tensor | None:
        """Those between the layer's own neurons, [to, from], if it is recurrent."""
        if self.recurrent_synapse is None:
            return None
        weight, connected = self.recurrent_synapse.weight, self.recurrent_connected
        return self.spec.levels(weight if connected is None else weight * connected).flatten(1)

    def dendrite(self, spikes: torch.Tensor) -> torch.Tensor:
        """Weighted spikes as they reach the neurons, [batch, *features, time]."""
        rows = spikes.movedim(-1, 0)
        if not isinstance(self.spec, ConvSpec):
            step = self.spec.levels.step
            weighted = WeightedSpikes.apply(rows.flatten(2), self.weight.flatten(1), step)
        else:
            synapse = self.synapse
            moved = (synapse.stride[:2], synapse.padding[:2], synapse.dilation[:2])
            weighted = WeightedImages.apply(
                rows, self.weight[..., 0], Geometry(*moved, synapse.groups)
            )
        dendrite = time_last(weighted)
        return self.delay(dendrite) if self.delay is not None else dendrite

    def current(self, spikes: torch.Tensor) -> torch.Tensor:
        """Synaptic current plus bias, what the voltage integrates, [batch, *features, time]."""
        decay = None if self.decays is None else self.decays()[0]
        current = Current.apply(self.dendrite(spikes), self.factors[0], decay)
        bias = self.quantised_bias
        return current if bias is None else current + bias

    def forward(self, spikes: torch.Tensor) -> torch.Tensor:
        """Spikes of the deterministic neurons, with SLAYER's surrogate gradient."""
        recurrent, bias = self.recurrent_weight, self.bias_by_neuron
        of_neurons = self.hidden_neuron, None if self.decays is None else self.decays()
        if recurrent is None:
            return HiddenSpikes.apply(self.dendrite(spikes), bias, *of_neurons)
        return RecurrentSpikes.apply(self.dendrite(spikes), recurrent, bias, *of_neurons)

    @property
    def quantised_bias(self) -> torch.Tensor | None:
        """The bias that the chip has, in SLAYER's units, [channel, 1, ...], if there is one."""
        return None if self.bias is None else self.neuron.quantize_8bit(self.bias)

    @property
    def bias_by_neuron(self) -> torch.Tensor | None:
        """The same for each neuron, [*features]."""
        bias = self.quantised_bias
        return None if bias is None else bias.squeeze(-1).expand(self.shape)

    @property
    def factors(self) -> tuple[int, int]:
        """Decay factors of current and voltage that the chip has, 4,096 minus the decays."""
        return (self.spec.neuron if self.decays is None else self.decays).factors

    @property
    def hidden_neuron(self) -> HiddenNeuron:
        """The numbers of a deterministic neuron, with SLAYER's surrogate gradient."""
        current_factor, voltage_factor = self.factors
        return HiddenNeuron(
            current_factor=current_factor,
            voltage_factor=voltage_factor,
            threshold=self.spec.neuron.quantised_threshold,
            width=self.neuron.tau_rho * TAU_RHO_MULT,
            height=self.neuron.scale_rho * SCALE_RHO_MULT,
        )
