"""What numba does not offer of a processor: the only hand-written LLVM in training.

Sums stay in registers: of a plain loop numba's LLVM keeps them in memory and stores them with every
row or so, which takes half as long again. And the place of a bit is one instruction.
"""

from __future__ import annotations

from typing import Any

import numba as nb
from llvmlite import ir
from numba.extending import intrinsic

LANES = 64
"""Floats of a row: as many as the registers of a core with AVX2 hold, twice over."""


@intrinsic
def add_rows(
    typing: Any, rows: Any, first: Any, chosen: Any, start: Any, stop: Any, sums: Any, place: Any
) -> Any:
    """Add ``rows[chosen[k] - first]``, float32 [row, LANES], for k in a range, to ``sums[place]``.

    Nothing is checked: indices must be inside, and the arrays contiguous.
    """
    index, lanes = ir.IntType(64), ir.VectorType(ir.FloatType(), LANES)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = {
            i: context.make_array(kind)(context, builder, value).data
            for i, (kind, value) in enumerate(zip(signature.args, arguments, strict=True))
            if isinstance(kind, nb.types.Array)
        }

        def row(array: int, number: Any) -> Any:
            element = builder.gep(data[array], [builder.mul(number, index(LANES))])
            return builder.bitcast(element, lanes.as_pointer())

        first, start, stop, place = (arguments[i] for i in (1, 3, 4, 6))
        target = row(5, place)
        before = builder.load(target, align=4)
        entry, head, body, after = (
            builder.block,
            *(builder.append_basic_block() for _ in range(3)),
        )
        builder.branch(head)
        builder.position_at_end(head)
        k, sums = builder.phi(index), builder.phi(lanes)
        builder.cbranch(builder.icmp_signed("<", k, stop), body, after)
        builder.position_at_end(body)
        number = builder.zext(builder.load(builder.gep(data[2], [k])), index)
        number = builder.sub(number, first)
        added = builder.fadd(sums, builder.load(row(0, number), align=4))
        following = builder.add(k, index(1))
        builder.branch(head)
        for phi, initial, later in ((k, start, following), (sums, before, added)):
            phi.add_incoming(initial, entry)
            phi.add_incoming(later, body)
        builder.position_at_end(after)
        builder.store(sums, target, align=4)
        return context.get_dummy_value()

    return nb.void(rows, nb.int64, chosen, nb.int64, nb.int64, sums, nb.int64), code


@intrinsic
def lowest_bit(typing: Any, bits: Any) -> Any:
    """Place of the lowest 1 of bits, uint64, not all of them 0."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return nb.int64(nb.uint64), code
