"""The one Lava process of ours: spikes in and out of a network, and rest after each sample."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from neurodeploy._io.lava import lava_imports

with lava_imports():
    from lava.magma.core.decorator import implements, requires, tag
    from lava.magma.core.model.py.model import PyLoihiProcessModel
    from lava.magma.core.model.py.ports import PyInPort, PyOutPort, PyRefPort
    from lava.magma.core.model.py.type import LavaPyType
    from lava.magma.core.process.ports.ports import InPort, OutPort, RefPort
    from lava.magma.core.process.process import AbstractProcess
    from lava.magma.core.resources import CPU
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

CHANNEL_STEPS = 64
"""Steps that a channel between us and Lava holds."""


class Door(AbstractProcess):
    """Gives a network its input, hears every layer, and restores rest where it is asked to.

    It is one process because Lava waits for every process in every step.

    Parameters
    ----------
    entry : InPort
        Of the network.
    layers : sequence of OutPort
        Of its layers.
    variables : sequence of Var
        What is at rest when it is 0.

    Attributes
    ----------
    told : InPort
        Channel from us: the input of a step in a row, and 1 behind it if rest is due after it.
    heard : OutPort
        Channel to us: what each layer sent in the step, all in a row.
    """

    def __init__(self, entry: Any, layers: Sequence[Any], variables: Sequence[Any]) -> None:
        super().__init__()
        self.told = InPort((math.prod(entry.shape) + 1,))
        self.told.flag_external_pipe(buffer_size=CHANNEL_STEPS)
        self.heard = OutPort((sum(math.prod(layer.shape) for layer in layers),))
        self.heard.flag_external_pipe(buffer_size=CHANNEL_STEPS)
        self.input = OutPort(entry.shape)
        self.input.connect(entry)
        for index, layer in enumerate(layers):
            port = InPort(layer.shape)
            setattr(self, _layer(index), port)
            layer.connect(port)
        for index, variable in enumerate(variables):
            port = RefPort(variable.shape)
            setattr(self, _state(index), port)
            port.connect_var(variable)
        self.proc_params["layers"] = [_layer(index) for index in range(len(layers))]
        self.proc_params["states"] = [_state(index) for index in range(len(variables))]
        self._post_init()


@implements(proc=Door, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class DoorModel(PyLoihiProcessModel):
    """Base of the model of `Door`; `door_model` adds a port for each layer and variable."""

    told: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    heard: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    input: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.layers = [*proc_params["layers"]]
        self.states = [*proc_params["states"]]
        self.is_due = False

    def run_spk(self) -> None:
        """Pass on the input of a step, and what the layers send in it."""
        told = self.told.recv()
        self.is_due = bool(told[-1])
        self.input.send(told[:-1].reshape(self.input._shape))
        self.heard.send(
            np.concatenate([getattr(self, name).recv().ravel() for name in self.layers])
        )

    def post_guard(self) -> bool:
        """Ask for the management phase after the last step of a sample."""
        return self.is_due

    def run_post_mgmt(self) -> None:
        """Restore rest."""
        for name in self.states:
            port = getattr(self, name)
            port.write(np.zeros(port._shape, port._d_type))
            port.wait()


def door_model(layers: int, variables: int) -> type[DoorModel]:
    """A model of `Door` with that many ports; Lava wants each declared on the class.

    Lava puts what a port writes in the place of the variable, so it has the type of a variable of
    the fixed-point models: with more bits, later sums would not wrap.
    """
    heard = {_layer(i): LavaPyType(PyInPort.VEC_DENSE, np.int32) for i in range(layers)}
    states = {_state(i): LavaPyType(PyRefPort.VEC_DENSE, np.int32) for i in range(variables)}
    model = type(f"DoorModel{layers}x{variables}", (DoorModel,), {**heard, **states})
    return implements(proc=Door, protocol=LoihiProtocol)(requires(CPU)(tag("fixed_pt")(model)))


def run_config(layers: int, variables: int) -> Loihi2SimCfg:
    """Lava's fixed-point simulation, and our door to it."""
    return Loihi2SimCfg(
        select_tag="fixed_pt", exception_proc_model_map={Door: door_model(layers, variables)}
    )


def _layer(index: int) -> str:
    return f"layer_{index}"


def _state(index: int) -> str:
    return f"state_{index}"
