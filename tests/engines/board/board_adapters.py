"""The vendor's spike adapters, stood in for by processes of Lava's CPU simulator.

Alone in their folder: Lava imports every file beside a process. Names, arguments and ports are
those by which lava-dl's tests on hardware use the vendor's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodeploy._io.lava import lava_imports

with lava_imports():
    from lava.magma.core.decorator import implements, requires, tag
    from lava.magma.core.model.py.model import PyLoihiProcessModel
    from lava.magma.core.model.py.ports import PyInPort, PyOutPort
    from lava.magma.core.model.py.type import LavaPyType
    from lava.magma.core.process.ports.ports import InPort, OutPort
    from lava.magma.core.process.process import AbstractProcess
    from lava.magma.core.resources import CPU
    from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

MADE: list[AbstractProcess] = []
"""Every adapter that was made, in order."""


class PyToNxAdapter(AbstractProcess):
    """Spikes from the host to a layer of neurons in a row."""

    def __init__(self, *, shape: tuple[int, ...], num_message_bits: int = 0) -> None:
        super().__init__(shape=shape, num_message_bits=num_message_bits)
        self.shape, self.num_message_bits = shape, num_message_bits
        self.inp, self.out = InPort(shape=shape), OutPort(shape=shape)
        MADE.append(self)


class PyToN3ConvAdapter(PyToNxAdapter):
    """The same, to a convolution."""


class NxToPyAdapter(PyToNxAdapter):
    """Spikes from a layer to the host; graded ones as the lowest 24 bits, without a sign."""


class AdapterModel(PyLoihiProcessModel):
    """Passes on what arrives, in the same step, as lava-dl's tests on hardware find."""

    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.mask = (1 << (proc_params["num_message_bits"] or 1)) - 1

    def run_spk(self) -> None:
        """One step."""
        self.out.send(self.inp.recv())


@implements(proc=PyToNxAdapter, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class ToNxModel(AdapterModel):
    """Of `PyToNxAdapter`."""


@implements(proc=PyToN3ConvAdapter, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class ToConvModel(AdapterModel):
    """Of `PyToN3ConvAdapter`."""


@implements(proc=NxToPyAdapter, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class ToPyModel(AdapterModel):
    """Of `NxToPyAdapter`."""

    def run_spk(self) -> None:
        """One step; the sign is lost."""
        self.out.send(self.inp.recv() & self.mask)
