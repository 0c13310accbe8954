"""Vectors of integers, for the loops that LLVM would not turn into good vector code by itself."""

from __future__ import annotations

from typing import Any

import numba as nb
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic


class Lanes:
    """A vector of integers, to build the code of an intrinsic with operators.

    LLVM fits vectors to whatever registers the machine has. The other operand may be lanes, or
    an int or a scalar that is taken for every lane.
    """

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    def __add__(self, other: Any) -> Lanes:
        return self._with("add", other)

    def __sub__(self, other: Any) -> Lanes:
        return self._with("sub", other)

    def __mul__(self, other: Any) -> Lanes:
        return self._with("mul", other)

    def __and__(self, other: Any) -> Lanes:
        return self._with("and_", other)

    def __lshift__(self, other: Any) -> Lanes:
        return self._with("shl", other)

    def __rshift__(self, other: Any) -> Lanes:
        return self._with("ashr", other)

    def __gt__(self, other: Any) -> Lanes:
        return Lanes(self.builder, self.builder.icmp_signed(">", self.value, self._every(other)))

    def __lt__(self, other: Any) -> Lanes:
        return Lanes(self.builder, self.builder.icmp_signed("<", self.value, self._every(other)))

    def where(self, these: Lanes, other: Any) -> Lanes:
        """A copy with the other's lanes in ``these`` places."""
        value = self.builder.select(these.value, self._every(other), self.value)
        return Lanes(self.builder, value)

    def extended(self, operation: str, bits: int) -> Lanes:
        """Lanes of as many bits or the same, by ``sext`` or ``zext``."""
        wide = ir.VectorType(ir.IntType(bits), self.value.type.count)
        if self.value.type == wide:
            return self
        return Lanes(self.builder, getattr(self.builder, operation)(self.value, wide))

    def store(self, pointer: Any) -> None:
        """Store at any address."""
        place = self.builder.bitcast(pointer, self.value.type.as_pointer())
        self.builder.store(self.value, place, align=1)

    def _with(self, operation: str, other: Any) -> Lanes:
        value = getattr(self.builder, operation)(self.value, self._every(other))
        return Lanes(self.builder, value)

    def _every(self, other: Any) -> Any:
        if isinstance(other, Lanes):
            return other.value
        vector = self.value.type
        if isinstance(other, int):
            return ir.Constant(vector, [other] * vector.count)
        none, index = ir.Constant(vector, ir.Undefined), ir.IntType(32)
        first = self.builder.insert_element(none, other, index(0))
        zeros = ir.Constant(ir.VectorType(index, vector.count), None)
        return self.builder.shuffle_vector(first, none, zeros)


class LanesSum:
    """Lanes that are added up in a loop, while its code is built."""

    def __init__(self, builder: Any, count: int, bits: int) -> None:
        lanes = ir.VectorType(ir.IntType(bits), count)
        self._builder = builder
        self._place = cgutils.alloca_once(builder, lanes)
        builder.store(ir.Constant(lanes, None), self._place)

    def add(self, lanes: Lanes) -> None:
        """Add these."""
        self._builder.store((self.lanes() + lanes).value, self._place)

    def lanes(self) -> Lanes:
        """The sum so far."""
        return Lanes(self._builder, self._builder.load(self._place))


def load(builder: Any, pointer: Any, count: int, bits: int) -> Lanes:
    """Lanes from any address."""
    place = builder.bitcast(pointer, ir.VectorType(ir.IntType(bits), count).as_pointer())
    return Lanes(builder, builder.load(place, align=1))


def pointers(context: Any, builder: Any, signature: Any, arguments: Any) -> list[Any]:
    """Where the data of each array begin; other arguments as they are."""
    return [
        context.make_array(kind)(context, builder, value).data
        if isinstance(kind, nb.types.Array)
        else value
        for kind, value in zip(signature.args, arguments, strict=True)
    ]


@intrinsic
def borrowed(typing: Any, values: Any) -> Any:
    """The array without its owner, whose references numba counts atomically at every slice."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        array.meminfo = array.meminfo.type(None)
        return array._getvalue()

    return values(values), code
