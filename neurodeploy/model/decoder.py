"""Host decoders: ordinary networks that read a window of spikes and give an answer a head.

A decoder reads a window ``[batch, neuron, step]`` of readout spikes. What it gives is a mapping
from the name of a head to ``[batch, outputs]`` logits, for instance 784 pixels and 10 classes. Its
reader is one of `neurodeploy.model.readers`, or a class of a person's own.
"""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import torch

from neurodeploy._io.imports import foreign_path, import_path, resolve
from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.model.affine import Linear
from neurodeploy.model.macs import count_macs, layer_macs, only_weighted
from neurodeploy.model.reader_names import ENTRY_POINTS
from neurodeploy.model.readers import READERS
from neurodeploy.model.windows import window_at

FLOAT_BITS = 32
"""Of a weight that is a float."""

FEWEST_DECODER_BITS, MOST_DECODER_BITS = 2, 8
"""Of a weight that is an integer."""


@dataclass(frozen=True, kw_only=True)
class DecoderConfig:
    """What is needed to build a decoder again.

    Parameters
    ----------
    kind : str or class
        Of the reader: ``linear``, ``mlp``, ``conv``, ``recurrent``, ``rate``, ``counts`` or
        ``first``; or a person's own as a class, an import path ``package.module:Name``, or the
        name of an entry point in `ENTRY_POINTS`. A class is kept by its name. Nothing is imported
        before a `Decoder` is built.
    neurons : int
        Readout neurons of the encoder.
    window_steps : int
        Steps that the decoder sees, tau in the paper.
    heads : mapping of str to int
        Name and number of outputs of each answer.
    hidden : int
        Width of the hidden layer; unused by ``linear``.
    options : mapping of str to JSON
        Keyword arguments of a person's own reader.
    bits : int
        Of a weight when the decoder answers: 32, a float, or 2 to 8, integers as
        `neurodeploy.model.eight_bits` has them. It is trained in floats.

    Raises
    ------
    InputError
        A field is not valid, or a class cannot be imported by others.
    """

    kind: str | type[torch.nn.Module]
    neurons: int
    window_steps: int
    heads: Mapping[str, int]
    hidden: int = 512
    options: Mapping[str, Any] = field(default_factory=dict)
    bits: int = FLOAT_BITS

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", reader_name(self.kind))
        if self.bits not in (*range(FEWEST_DECODER_BITS, MOST_DECODER_BITS + 1), FLOAT_BITS):
            expected = f"{FEWEST_DECODER_BITS} to {MOST_DECODER_BITS}, or {FLOAT_BITS}"
            raise InputError(message("DecoderConfig.bits", expected, self.bits))
        for name in ("neurons", "window_steps", "hidden"):
            if getattr(self, name) < 1:
                raise InputError(
                    message(f"DecoderConfig.{name}", "at least 1", getattr(self, name))
                )
        if not self.heads or min(self.heads.values()) < 1:
            raise InputError(
                message("DecoderConfig.heads", "at least one head with outputs", dict(self.heads))
            )
        for name in self.heads:
            if not name or "." in name or hasattr(torch.nn.ModuleDict(), name):
                expected = "a name without a point that no attribute of a ModuleDict has"
                raise InputError(message("DecoderConfig.heads", expected, repr(name)))
        if self.options and self.foreign is None:
            expected = f"none for {self.name}, which is ours"
            raise InputError(message("DecoderConfig.options", expected, dict(self.options)))
        try:
            json.dumps(dict(self.options))
        except (TypeError, ValueError) as error:
            raise InputError(message("DecoderConfig.options", "JSON by name", error)) from error

    @property
    def name(self) -> str:
        """The reader's name: one of ours, an entry point, or an import path."""
        return str(self.kind)

    @property
    def foreign(self) -> str | None:
        """The import path of a reader that is not ours, or None."""
        return foreign_path("DecoderConfig.kind", self.name, READERS, ENTRY_POINTS)

    def to_dict(self) -> dict[str, Any]:
        """A mapping for JSON; floats are not said, as files were written before."""
        mapping = {**asdict(self), "heads": dict(self.heads), "options": dict(self.options)}
        if self.bits == FLOAT_BITS:
            del mapping["bits"]
        return mapping

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any], where: str = "decoder") -> DecoderConfig:
        """Read back `to_dict`, without importing anything.

        Raises
        ------
        FileFormatError
            A field is missing, unknown or not valid.
        """
        try:
            return cls(**mapping)
        except (TypeError, ValueError, InputError, AttributeError) as error:
            raise FileFormatError(message(where, "the fields of a decoder", error)) from error


def reader_name(kind: str | type[torch.nn.Module]) -> str:
    """The name of a reader: one of ours, an entry point, or an import path.

    Raises
    ------
    InputError
        Nothing can have that name, or a class cannot be imported by others.
    """
    if isinstance(kind, str):
        foreign_path("DecoderConfig.kind", kind, READERS, ENTRY_POINTS)
        return kind
    if not (isinstance(kind, type) and issubclass(kind, torch.nn.Module)):
        raise InputError(message("DecoderConfig.kind", "a name or a torch.nn.Module class", kind))
    ours = {reader: name for name, reader in READERS.items()}
    return ours[kind] if kind in ours else import_path(kind)


def _build_reader(config: DecoderConfig) -> Any:
    """The reader that a config names; one of a person's own is imported here.

    Raises
    ------
    InputError
        It cannot be imported, does not take the options, or is no reader.
    """
    where = f"decoder {config.name}"
    found = resolve("decoder", config.name, READERS, ENTRY_POINTS)
    if not (isinstance(found, type) and issubclass(found, torch.nn.Module)):
        raise InputError(message(where, "a torch.nn.Module class", found))
    try:
        inspect.signature(found).bind(config, **config.options)
    except TypeError as error:
        arguments = ", ".join(["config", *config.options])
        expected = f"a class that is built as Reader({arguments})"
        raise InputError(message(where, expected, error)) from error
    reader = found(config, **config.options)
    features = getattr(reader, "features", None)
    if not isinstance(features, int) or features < 1:
        raise InputError(message(f"{where}, features", "their number", features))
    return reader


class Decoder(torch.nn.Module):
    """A reader of the spike window and one affine head for each answer.

    Raises
    ------
    InputError
        The config names a reader of a person's own that cannot be built, or asks for integers of a
        reader that has no such form.
    """

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self._coarse: tuple[list[int], Decoder] | None = None
        self.reader = _build_reader(config)
        features = int(self.reader.features)
        self.heads = torch.nn.ModuleDict(
            {name: Linear(features, outputs) for name, outputs in config.heads.items()}
        )
        if config.bits != FLOAT_BITS:
            self._in_integers()

    def forward(self, window: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logits of every head, [batch, outputs], from a window [batch, neuron, step]."""
        expected = (self.config.neurons, self.config.window_steps)
        if tuple(window.shape[1:]) != expected:
            raise InputError(
                message(
                    "decoder window",
                    f"[batch, {expected[0]} neurons, {expected[1]} steps]",
                    list(window.shape),
                )
            )
        if self.config.bits != FLOAT_BITS and not self.training:
            rounded: dict[str, torch.Tensor] = self._in_integers()(window)
            return rounded
        features = self.reader(window)
        wanted = [len(window), self.reader.features]
        if list(features.shape) != wanted:
            where = f"features of decoder {self.config.name}"
            raise InputError(message(where, f"[batch, feature] {wanted}", list(features.shape)))
        return {name: head(features) for name, head in self.heads.items()}

    def at_the_end(self, spikes: torch.Tensor) -> dict[str, torch.Tensor]:
        """Answers {head: [batch, outputs]} to whole samples of spikes [batch, neuron, time]."""
        answers: dict[str, torch.Tensor] = self(
            window_at(spikes, spikes.shape[-1] - 1, self.config.window_steps)
        )
        return answers

    @property
    def in_floats(self) -> Decoder:
        """The same tensors, multiplied as floats; itself where they are."""
        return self if self.config.bits == FLOAT_BITS else with_bits(self, FLOAT_BITS)

    def _in_integers(self) -> Decoder:
        """The form with integers, made again whenever a parameter has changed."""
        from neurodeploy.model.eight_bits import eight_bit_decoder

        versions = [parameter._version for parameter in self.parameters()]
        if self._coarse is None or self._coarse[0] != versions:
            coarse = eight_bit_decoder(self.in_floats, self.config.bits)
            if coarse is None:
                where = f"decoder {self.config.name}, bits"
                found = f"{self.config.bits}, which it has no form for"
                raise InputError(message(where, str(FLOAT_BITS), found))
            self._coarse = versions, coarse
        return self._coarse[1]

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates of one answer on the host.

        Those that a reader says as its own ``macs``; of the layers of a reader of ours, where
        nothing else multiplies; else those that torch counts; see `count_macs`.

        Raises
        ------
        InputError
            They cannot be counted, and the reader does not say them.
        """
        window = torch.ones(1, self.config.neurons, self.config.window_steps)
        said = getattr(self.reader, "macs", None)
        if said is None:
            if self.config.foreign is None and only_weighted(self):
                return sum(layer.dense for layer in layer_macs(self.in_floats, window).values())
            return count_macs(self.in_floats, window)
        if not isinstance(said, int) or said < 0:
            where = f"macs of decoder {self.config.name}"
            raise InputError(message(where, "a whole number, 0 or more", said))
        heads = self.config.heads.values()
        return said + int(self.reader.features) * sum(heads)

    def macs_after(self, steps: int) -> int:
        """Multiply-accumulates of an answer after so many steps, the rest of the window silent.

        Where each step has weights of its own (``linear``, ``mlp``), those of steps that never
        come are not multiplied. Other decoders compute their whole window.
        """
        config = self.config
        silent = max(0, config.window_steps - steps) * config.neurons
        widths = {"linear": sum(config.heads.values()), "mlp": config.hidden}
        return self.macs - silent * widths.get(config.name, 0)


def with_bits(decoder: Decoder, bits: int) -> Decoder:
    """A copy of a decoder that answers, with weights of so many bits; it is not to be trained.

    Raises
    ------
    InputError
        It has no such form, or there is no such number of bits.
    """
    other = Decoder(replace(decoder.config, bits=bits))
    other.load_state_dict(copy.deepcopy(decoder.state_dict()))
    return other.eval().requires_grad_(False)


def counting_decoder(neurons: int, window_steps: int, head: str = "label") -> Decoder:
    """A decoder without anything learned: the spikes of each neuron are the logits of its class.

    With it a network that came without a decoder becomes a bundle.

    Parameters
    ----------
    neurons : int
        Output neurons of the network, one a class.
    window_steps : int
        Steps of a sample.
    head : str
        Name of the answer.
    """
    config = DecoderConfig(
        kind="counts", neurons=neurons, window_steps=window_steps, heads={head: neurons}
    )
    decoder = Decoder(config)
    tensors = {
        f"heads.{head}.weight": torch.eye(neurons),
        f"heads.{head}.bias": torch.zeros(neurons),
    }
    decoder.load_state_dict(tensors)
    return decoder.eval().requires_grad_(False)
