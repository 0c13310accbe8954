"""The few Lava processes of ours: integer channels in and out, and the one that restores rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neurodeploy._io.lava import lava_imports

with lava_imports():
    from lava.magma.core.decorator import implements, requires, tag
    from lava.magma.core.model.py.model import PyLoihiProcessModel
    from lava.magma.core.model.py.ports import PyInPort, PyOutPort, PyRefPort
    from lava.magma.core.model.py.type import LavaPyType
    from lava.magma.core.process.ports.ports import InPort, RefPort
    from lava.magma.core.process.process import AbstractProcess
    from lava.magma.core.resources import CPU
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
    from lava.proc.io.extractor import Extractor, PyLoihiExtractorModel
    from lava.proc.io.injector import Injector, PyLoihiInjectorModel

CHANNEL_STEPS = 64
"""Steps that a channel between us and Lava holds."""


@implements(proc=Injector, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class IntegerInjectorModel(PyLoihiInjectorModel):
    """Lava's injector with integer instead of float ports."""

    in_port: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    out_port: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)


@implements(proc=Extractor, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class IntegerExtractorModel(PyLoihiExtractorModel):
    """Lava's extractor with integer instead of float ports."""

    in_port: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    out_port: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)


class Rest(AbstractProcess):
    """Writes 0 into variables of other processes after each step for which ``due`` says 1.

    Parameters
    ----------
    variables : sequence of Var
        What is at rest when it is 0.
    """

    def __init__(self, variables: Sequence[Any]) -> None:
        super().__init__()
        self.due = InPort((1,))
        for index, variable in enumerate(variables):
            port = RefPort(variable.shape)
            setattr(self, f"state_{index}", port)
            port.connect_var(variable)
        self.proc_params["variables"] = len(variables)
        self._post_init()


@implements(proc=Rest, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class RestModel(PyLoihiProcessModel):
    """Base of the model of `Rest`; `rest_model` adds as many ports as there are variables."""

    due: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.ports = [f"state_{index}" for index in range(proc_params["variables"])]
        self.is_due = False

    def run_spk(self) -> None:
        """Learn whether this step is the last one of a sample."""
        self.is_due = bool(self.due.recv()[0])

    def post_guard(self) -> bool:
        """Ask for the management phase after such a step."""
        return self.is_due

    def run_post_mgmt(self) -> None:
        """Restore rest."""
        for name in self.ports:
            port = getattr(self, name)
            port.write(np.zeros(port._shape, port._d_type))
            port.wait()


def rest_model(variables: int) -> type[RestModel]:
    """A model of `Rest` with that many ports; Lava wants each declared on the class.

    Lava puts what a port writes in the place of the variable, so it has the type of a variable of
    the fixed-point models: with more bits, later sums would not wrap.
    """
    ports = {f"state_{i}": LavaPyType(PyRefPort.VEC_DENSE, np.int32) for i in range(variables)}
    model = type(f"RestModel{variables}", (RestModel,), ports)
    return implements(proc=Rest, protocol=LoihiProtocol)(requires(CPU)(tag("fixed_pt")(model)))


def injector(shape: tuple[int, ...]) -> Injector:
    """A channel from us into Lava."""
    return Injector(shape=shape, buffer_size=CHANNEL_STEPS)


def recorder(shape: tuple[int, ...]) -> Extractor:
    """A channel from Lava to us."""
    return Extractor(shape=shape, buffer_size=CHANNEL_STEPS)


def run_config(variables: int) -> Loihi2SimCfg:
    """Lava's fixed-point simulation, with our models where Lava has float ones only."""
    return Loihi2SimCfg(
        select_tag="fixed_pt",
        exception_proc_model_map={
            Injector: IntegerInjectorModel,
            Extractor: IntegerExtractorModel,
            Rest: rest_model(variables),
        },
    )
