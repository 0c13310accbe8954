"""Hand-written LLVM, all of it: where LLVM would not make good vector code of a plain loop.

`plain` has the loop that each intrinsic stands for, and says what it does. Here they read and
write whole vectors, at any address and without bounds checks; the README says what keeps them
inside. The order of bytes matters to `sum_tile` and `nonzero_bits`: little endian.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numba as nb
from llvmlite import ir
from numba.extending import intrinsic

from neurodeploy.engines.native.layout import LANES, TILE
from neurodeploy.engines.native.rules import LIMIT, WRAP

ROWS8 = 248
"""Rows of 8-bit weights whose sum 16 bits surely hold, with 128 more for each."""

INDEX = ir.IntType(64)


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
        with builder.goto_entry_block():
            self._place = builder.alloca(lanes)
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


@contextmanager
def each(builder: Any, start: Any, stop: Any, step: int) -> Iterator[Any]:
    """What is built inside runs for each index from ``start`` up to ``stop``."""
    before = builder.block
    head, body, after = (builder.append_basic_block() for _ in range(3))
    builder.branch(head)
    builder.position_at_end(head)
    index = builder.phi(INDEX)
    index.add_incoming(start, before)
    builder.cbranch(builder.icmp_signed("<", index, stop), body, after)
    builder.position_at_end(body)
    yield index
    index.add_incoming(builder.add(index, INDEX(step)), builder.block)
    builder.branch(head)
    builder.position_at_end(after)


def on_pointers(build: Callable[..., Any]) -> Callable[..., Any]:
    """What an intrinsic returns, from a function that builds its code.

    The function takes the builder, and of each array a pointer to its data, not counted as a
    reference; other arguments come as they are.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointers = (
            context.make_array(kind)(context, builder, value).data
            if isinstance(kind, nb.types.Array)
            else value
            for kind, value in zip(signature.args, arguments, strict=True)
        )
        result = build(builder, *pointers)
        return context.get_dummy_value() if result is None else result

    return code


@intrinsic
def sum_tile(
    typing: Any, weights: Any, start: Any, spikes: Any, size: Any, sums: Any, place: Any
) -> Any:
    """Two weights at a time.

    A row is loaded as 16-bit lanes, two weights each. Summing the lanes, and their upper halves
    apart, takes half the work of widening every weight, and the sums stay in registers.
    """
    count = TILE // 2

    def build(
        builder: Any, weights: Any, start: Any, spikes: Any, size: Any, sums: Any, place: Any
    ) -> None:
        base = builder.gep(weights, [start])
        lower, upper = (LanesSum(builder, count, 32) for _ in range(2))
        with each(builder, INDEX(0), size, ROWS8) as first:
            full = builder.add(first, INDEX(ROWS8))
            last = builder.select(builder.icmp_signed("<", size, full), size, full)
            both, high = (LanesSum(builder, count, 16) for _ in range(2))
            with each(builder, first, last, 1) as k:
                spike = builder.zext(builder.load(builder.gep(spikes, [k])), INDEX)
                place_of_row = builder.gep(base, [builder.mul(spike, INDEX(TILE))])
                row = load(builder, place_of_row, count, 16)
                both.add(row)
                high.add(row >> 8)
            lower.add((both.lanes() - (high.lanes() << 8)).extended("zext", 32))
            upper.add(high.lanes().extended("sext", 32))
        raised = builder.shl(builder.trunc(size, ir.IntType(32)), ir.IntType(32)(7))
        (lower.lanes() - raised).store(builder.gep(sums, [place]))
        upper.lanes().store(builder.gep(sums, [builder.add(place, INDEX(count))]))

    return nb.void(weights, nb.int64, spikes, nb.int64, sums, nb.int64), on_pointers(build)


def _decayed(lanes: Lanes, factor: Lanes) -> Lanes:
    """As `rules.scaled`."""
    towards_zero = (lanes >> 31) & 4095
    return (lanes >> 12) * factor + (((lanes & 4095) * factor + towards_zero) >> 12)


@intrinsic
def update_cuba(
    typing: Any,
    current: Any,
    voltage: Any,
    arriving: Any,
    bias: Any,
    current_factor: Any,
    voltage_factor: Any,
    first: Any,
    left: Any,
    scale: Any,
    threshold: Any,
) -> Any:
    """All lanes at once; those behind the last neuron are read, and written as they were."""

    def build(builder: Any, *arguments: Any) -> Any:
        *arrays, first, left, scale, threshold = arguments
        places = [builder.gep(array, [first]) for array in arrays]
        u, v, arriving, bias = (load(builder, place, LANES, 32) for place in places[:4])
        u_factor, v_factor = (
            load(builder, place, LANES, 16).extended("sext", 32) for place in places[4:]
        )
        numbers = Lanes(builder, ir.Constant(u.value.type, list(range(LANES))))
        present = numbers < left

        total = _decayed(u, u_factor) + arriving * scale
        zeros = Lanes(builder, ir.Constant(u.value.type, None))
        total = total - zeros.where(total > LIMIT, WRAP) + zeros.where(total < 1 - LIMIT, WRAP)
        u.where(present, total).store(places[0])

        total = _decayed(v, v_factor) + total + bias
        total = total.where(total < 1 - LIMIT, 1 - LIMIT)
        total = total.where(total > LIMIT - 1, LIMIT - 1)
        spike = (total > threshold) & present
        v.where(present, total.where(spike, 0)).store(places[1])
        return builder.zext(builder.bitcast(spike.value, ir.IntType(LANES)), INDEX)

    arrays = (current, voltage, arriving, bias, current_factor, voltage_factor)
    return nb.uint64(*arrays, nb.int64, nb.int32, nb.int32, nb.int32), on_pointers(build)


@intrinsic
def add_run(
    typing: Any, sums: Any, target: Any, weights: Any, source: Any, size: Any, value: Any
) -> Any:
    """Lane by lane of whole vectors."""
    wide, narrow = sums.dtype.bitwidth, weights.dtype.bitwidth

    def build(
        builder: Any, sums: Any, target: Any, weights: Any, source: Any, size: Any, value: Any
    ) -> None:
        with each(builder, INDEX(0), size, LANES) as j:
            row = load(builder, builder.gep(weights, [builder.add(source, j)]), LANES, narrow)
            if wide == 64:
                row = row.extended("sext", wide) * builder.sext(value, INDEX)
            place = builder.gep(sums, [builder.add(target, j)])
            (load(builder, place, LANES, wide) + row).store(place)

    return nb.void(sums, nb.int64, weights, nb.int64, nb.int64, nb.int32), on_pointers(build)


@intrinsic
def wrap_lanes(typing: Any, sums: Any, start: Any, arriving: Any, first: Any) -> Any:
    """One vector of sums."""
    bits = sums.dtype.bitwidth

    def build(builder: Any, sums: Any, start: Any, arriving: Any, first: Any) -> None:
        row = load(builder, builder.gep(sums, [start]), LANES, bits).extended("sext", 32)
        ((row << 8) >> 8).store(builder.gep(arriving, [first]))

    return nb.void(sums, nb.int64, arriving, nb.int64), on_pointers(build)


@intrinsic
def nonzero_bits(typing: Any, values: Any, start: Any) -> Any:
    """Sixty-four comparisons at once."""
    block = ir.VectorType(ir.IntType(8), 64)

    def build(builder: Any, values: Any, start: Any) -> Any:
        place = builder.bitcast(builder.gep(values, [start]), block.as_pointer())
        ones = builder.icmp_unsigned("!=", builder.load(place, align=1), ir.Constant(block, None))
        return builder.bitcast(ones, ir.IntType(64))

    return nb.uint64(values, nb.int64), on_pointers(build)
