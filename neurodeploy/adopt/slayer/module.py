"""A network of SLAYER blocks becomes one of netx, without a file between."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from neurodeploy._io.lava import lava_imports
from neurodeploy.adopt.adopted import Adopted
from neurodeploy.adopt.slayer.blocks import read_block
from neurodeploy.adopt.slayer.delays import with_delays
from neurodeploy.adopt.slayer.forward import differing
from neurodeploy.adopt.slayer.notes import Notes
from neurodeploy.adopt.slayer.parts import Read, kind_of
from neurodeploy.errors import InputError, NetworkError, message
from neurodeploy.netx.layers import Layer
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import SdnnNeuron

GRADED_BITS = 24
"""Bits of graded spikes that come from outside, the most that netx takes."""

GRADED_UNIT = 1 << 12
SIGMA_UNIT = 1 << 18
"""What a 1 of SLAYER's sigma-delta spikes is on the chip, and of a sum that is sent."""

LAST = ("Affine", "Average", "Output")
"""Blocks that send a voltage, an average or a sum, which nothing may follow."""

UNCOMPARED = ("Affine", "Average")
"""Those whose output the network does not send."""

IGNORED = (torch.nn.Dropout, torch.nn.Identity)
"""Modules between blocks that do nothing when a module is evaluated."""


def adopt_module(
    module: Any,
    *,
    input_shape: Iterable[int] | None = None,
    signal: np.ndarray | None = None,
) -> Adopted:
    """Make a network of a module of SLAYER blocks.

    It is what the module gives when it is evaluated: `torch.nn.Module.eval`, on a CPU, from rest.
    The module stays as it is.

    Parameters
    ----------
    module : torch.nn.Module
        With ``blocks`` of ``lava.lib.dl.slayer.block`` that run one after the other; or a
        sequence of such blocks.
    input_shape : iterable of int, optional
        ``(neuron,)`` or ``(channel, height, width)`` of the input. Needed if the module begins
        with a convolution or a pool, and its input block has not run yet.
    signal : array [sample, *features, time], optional
        Input of the module. Its own forward then runs on it beside the network, and a note says
        how many output spikes differ.

    Returns
    -------
    Adopted
        The network, and what must be known of it.

    Raises
    ------
    MissingPackageError
        lava-dl is not installed.
    InputError
        The module has no blocks, or the shape of its input is not known.
    NetworkError
        netx has nothing that does what a block does; the message names it, and says why.
    """
    with lava_imports():
        import lava.lib.dl.slayer  # noqa: F401
    blocks = list(blocks_of(module))
    shape = _input_shape(blocks, input_shape)
    notes, read = Notes(), list[Read]()
    features = shape
    for place, block in enumerate(blocks):
        where = f"block {place} ({kind_of(block)})"
        if place and kind_of(blocks[place - 1]) in LAST:
            raise NetworkError(message(where, "nothing behind the output", "a block"))
        try:
            read.append(read_block(block, features, notes))
        except NetworkError as error:
            raise NetworkError(f"{where}, {error}") from error
        features = read[-1].shape
        notes.layer += read[-1].layer is not None
    made = [(each.layer, each.shape, each.delay) for each in read if each.layer is not None]
    if not made:
        raise InputError(message("module", "a block with neurons", "none"))
    placed = with_delays(made, notes)
    input_scale, output_scale = _units(placed, notes)
    network = Network(
        input_shape=shape,
        layers=tuple(placed),
        input_bits=GRADED_BITS if input_scale > 1 else 0,
    )
    adopted = Adopted(
        network=network,
        notes=notes.findings(network.names),
        late_steps=sum(each.late_steps for each in read),
        input_scale=input_scale,
        output_scale=output_scale,
    )
    if signal is None or kind_of(blocks[-1]) in UNCOMPARED:
        return adopted
    _note_comparison(differing(module, blocks, adopted, signal), notes)
    return replace(adopted, notes=notes.findings(network.names))


def _units(layers: Sequence[Layer], notes: Notes) -> tuple[int, int]:
    """What a 1 of SLAYER is in graded spikes that go in and come out."""
    first, last = layers[0], layers[-1]
    scales = [1, 1]
    if isinstance(last.neuron, SdnnNeuron):
        scales[1] = SIGMA_UNIT if last.neuron.sigma_output else GRADED_UNIT
        notes.layer = len(layers) - 1
        reason = f"graded spikes are whole numbers, {scales[1]} for a 1 of SLAYER"
        notes.say("graded-units", "output", reason, f"Divide the output by {scales[1]}")
    if isinstance(first.neuron, SdnnNeuron) and not first.takes_real_values:
        scales[0] = GRADED_UNIT
        notes.layer = 0
        reason = f"graded input spikes are whole numbers, {GRADED_UNIT} for a 1 of SLAYER"
        notes.say("graded-units", "input", reason, f"Multiply the input by {GRADED_UNIT}")
    return scales[0], scales[1]


def _note_comparison(counts: tuple[int, int, int], notes: Notes) -> None:
    spikes, differ, differ_on_time = counts
    said = f"the module sends {spikes} spikes on the given signal; the network differs in {differ}"
    if differ:
        said += f", and in {differ_on_time} with the step between layers where Lava has it"
    remedy = (
        "Judge by your task: compare answers, not spikes" if differ else "Nothing is to be done"
    )
    notes.say("differs" if differ else "compared", "output", said, remedy)


def blocks_of(module: Any) -> Iterator[Any]:
    """The blocks of a module in order, without what does nothing when it is evaluated.

    Raises
    ------
    InputError
        It has no ``blocks``, and is not a sequence of blocks itself.
    """
    sequence = getattr(module, "blocks", module)
    if isinstance(sequence, torch.nn.Module) and not isinstance(
        sequence, torch.nn.Sequential | torch.nn.ModuleList
    ):
        remedy = "Give its blocks in order: from_slayer(torch.nn.Sequential(...))."
        found = f"a {type(module).__name__} without"
        raise InputError(message("module", "a torch module with 'blocks'", found, remedy))
    if not isinstance(sequence, Iterable):
        expected = "a torch module with 'blocks'"
        raise InputError(message("module", expected, f"a {type(module).__name__}"))
    for block in sequence:
        if isinstance(block, torch.nn.Sequential | torch.nn.ModuleList):
            yield from blocks_of(block)
        elif not isinstance(block, IGNORED):
            yield block


def _input_shape(blocks: list[Any], given: Iterable[int] | None) -> tuple[int, ...]:
    if given is not None:
        return tuple(int(size) for size in given)
    for block in blocks:
        kind = kind_of(block)
        if kind == "Input" and block.shape is not None:
            return tuple(block.shape)
        if kind in ("Dense", "Affine", "Recurrent", "Output"):
            synapse = block.input_synapse if kind == "Recurrent" else block.synapse
            kernel = getattr(synapse, "real", synapse).kernel_size
            features = math.prod((synapse.in_channels, *kernel))
            return (features,)
        if kind in ("Conv", "Pool"):
            break
    remedy = "Give input_shape=(channel, height, width), or run the module once if it has an input."
    raise InputError(message("input_shape", "the shape of the input", "none", remedy))
