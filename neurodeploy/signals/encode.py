"""Encodings: images and vectors in [0, 1] become binary spikes over time.

============================  ==================================================================
:class:`RateEncoding`         noise: a coin tossed at each step, more spikes where it is brighter
:class:`LatencyEncoding`      one spike a feature, earlier where it is brighter
:class:`LevelEncoding`        a number of evenly spaced spikes, larger where it is brighter
:class:`SpikeInput`           what is spikes already, as it is
============================  ==================================================================

All of them are frozen, so that one can be written into a bundle and read back as it was.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.signals.arguments import check_generator, real_number, whole_number
from neurodeploy.signals.events import check_spikes

_DRAWS_AT_ONCE = 2**20  # 4 MiB of float32: stays in cache and bounds the memory of a long batch


class Encoding(Protocol):
    """What turns a batch of values into spikes; the same call for every kind."""

    kind: ClassVar[str]

    @property
    def steps(self) -> int:
        """Length of the time axis that is made."""

    def __call__(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Encode float ``[batch, *features]`` in [0, 1] as uint8 ``[batch, *features, time]``."""

    def to_dict(self) -> dict[str, Any]:
        """Describe the encoding in JSON's types; :func:`encoding_from_dict` reads it."""


@dataclass(frozen=True, kw_only=True)
class RateEncoding:
    """A spike at each step with probability ``value * max_rate``, independently (Bernoulli).

    Value 0 never spikes; value 1 at ``max_rate`` 1 always does.

    Parameters
    ----------
    steps : int
        Length of the time axis, at least 1.
    max_rate : float
        Probability of a spike per step at value 1, in (0, 1].

    Raises
    ------
    InputError
        A parameter is out of bounds.
    """

    kind: ClassVar[str] = "rate"
    steps: int
    max_rate: float = 1.0

    def __post_init__(self) -> None:
        max_rate = real_number("RateEncoding.max_rate", self.max_rate)
        if not 0 < max_rate <= 1:
            raise InputError(message("RateEncoding.max_rate", "a number in (0, 1]", max_rate))
        steps = whole_number("RateEncoding.steps", self.steps, least=1)
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "max_rate", max_rate)

    def __call__(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Encode a batch; the same generator state gives the same spikes.

        Coins are tossed in order, for values above 0 alone, so a batch equals its samples encoded
        one after another.

        Parameters
        ----------
        values : float [batch, *features]
            In [0, 1].
        rng : np.random.Generator
            Source of the coin tosses; it is advanced.

        Returns
        -------
        uint8 [batch, *features, time]

        Raises
        ------
        InputError
            ``values`` fail :func:`check_values`, or ``rng`` is no generator.
        """
        values = check_values(values)
        check_generator(rng)
        probability = (values.astype(np.float64) * self.max_rate).astype(np.float32)
        spikes = np.zeros((*values.shape, self.steps), dtype=np.uint8)
        samples = max(1, _DRAWS_AT_ONCE // spikes[0].size)
        for first in range(0, len(spikes), samples):
            chunk = slice(first, first + samples)
            can = probability[chunk] > 0
            draws = rng.random((np.count_nonzero(can), self.steps), dtype=np.float32)
            spikes[chunk][can] = draws < probability[chunk][can, np.newaxis]
        return spikes

    def to_dict(self) -> dict[str, Any]:
        """Describe the encoding in JSON's types."""
        return _to_dict(self)


@dataclass(frozen=True, kw_only=True)
class LatencyEncoding:
    """One spike for each feature over the threshold, at step ``round((1 - value) * (steps - 1))``.

    The brightest value spikes first. Half steps are rounded to the even step, as ``round`` does.

    Parameters
    ----------
    steps : int
        Length of the time axis, at least 1.
    threshold : float
        In [0, 1). A value that is not larger than this gives no spike.

    Raises
    ------
    InputError
        A parameter is out of bounds.
    """

    kind: ClassVar[str] = "latency"
    steps: int
    threshold: float = 0.0

    def __post_init__(self) -> None:
        threshold = real_number("LatencyEncoding.threshold", self.threshold)
        if not 0 <= threshold < 1:
            raise InputError(message("LatencyEncoding.threshold", "a number in [0, 1)", threshold))
        steps = whole_number("LatencyEncoding.steps", self.steps, least=1)
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "threshold", threshold)

    def __call__(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Encode a batch.

        Parameters
        ----------
        values : float [batch, *features]
            In [0, 1].
        rng : np.random.Generator
            Not used, not advanced: the code is deterministic. It is here so that a caller can
            call any :class:`Encoding` without knowing which it has.

        Returns
        -------
        uint8 [batch, *features, time]

        Raises
        ------
        InputError
            ``values`` fail :func:`check_values`.
        """
        exact = check_values(values).astype(np.float64)
        times = np.rint((1 - exact) * (self.steps - 1)).astype(np.int64)
        spikes = np.zeros((*exact.shape, self.steps), dtype=np.uint8)
        fires = (exact > self.threshold).astype(np.uint8)
        np.put_along_axis(spikes, times[..., np.newaxis], fires[..., np.newaxis], axis=-1)
        return spikes

    def to_dict(self) -> dict[str, Any]:
        """Describe the encoding in JSON's types."""
        return _to_dict(self)


@dataclass(frozen=True, kw_only=True)
class LevelEncoding:
    """A rate code without noise: ``round(value * levels)`` spikes, spread evenly over the window.

    The value is rounded to one of ``levels + 1`` grey levels (half to even) and that level is
    integrated, ``levels / steps`` a step at value 1; there is a spike at each step at which the
    integral reaches another whole number. The sum is kept in integers, so the number of spikes
    is exact and the value can be read back to within ``1 / (2 * levels)``.

    Parameters
    ----------
    steps : int
        Length of the time axis, at least 1.
    levels : int
        Spikes of value 1, from 1 to ``steps``.

    Raises
    ------
    InputError
        A parameter is out of bounds.
    """

    kind: ClassVar[str] = "level"
    steps: int
    levels: int

    def __post_init__(self) -> None:
        steps = whole_number("LevelEncoding.steps", self.steps, least=1)
        levels = whole_number("LevelEncoding.levels", self.levels, least=1, most=steps)
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "levels", levels)

    def __call__(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Encode a batch.

        Parameters
        ----------
        values : float [batch, *features]
            In [0, 1].
        rng : np.random.Generator
            Not used, not advanced: the code is deterministic. It is here so that a caller can
            call any :class:`Encoding` without knowing which it has.

        Returns
        -------
        uint8 [batch, *features, time]

        Raises
        ------
        InputError
            ``values`` fail :func:`check_values`.
        """
        counts = np.rint(check_values(values).astype(np.float64) * self.levels).astype(np.int64)
        edges = np.arange(self.steps + 1)
        reached = np.arange(self.levels + 1)[:, np.newaxis] * edges // self.steps
        spikes_of_count = np.diff(reached, axis=-1).astype(np.uint8)
        return spikes_of_count[counts]

    def to_dict(self) -> dict[str, Any]:
        """Describe the encoding in JSON's types."""
        return _to_dict(self)


@dataclass(frozen=True, kw_only=True)
class SpikeInput:
    """A signal that is spikes already, such as the binned events of a sensor.

    Parameters
    ----------
    steps : int
        Length of the time axis, at least 1.

    Raises
    ------
    InputError
        A parameter is out of bounds.
    """

    kind: ClassVar[str] = "spikes"
    steps: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", whole_number("SpikeInput.steps", self.steps, least=1))

    def __call__(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Check a batch and return it.

        Parameters
        ----------
        values : [batch, *features, time]
            0 or 1.
        rng : np.random.Generator
            Not used, not advanced.

        Returns
        -------
        uint8 [batch, *features, time]

        Raises
        ------
        InputError
            ``values`` are no spikes, or of another length.
        """
        spikes = check_spikes(values, where="spikes")
        if spikes.shape[-1] != self.steps:
            raise InputError(message("spikes", f"{self.steps} steps", spikes.shape[-1]))
        return spikes

    def to_dict(self) -> dict[str, Any]:
        """Describe the encoding in JSON's types."""
        return _to_dict(self)


Kind = RateEncoding | LatencyEncoding | LevelEncoding | SpikeInput

_KINDS: dict[str, type[Kind]] = {
    cls.kind: cls for cls in (RateEncoding, LatencyEncoding, LevelEncoding, SpikeInput)
}


def encoding_from_dict(mapping: Mapping[str, Any]) -> Encoding:
    """Read what ``to_dict`` of an encoding wrote.

    Raises
    ------
    FileFormatError
        Not a mapping, an unknown kind, a field too many or too few, or a value that the encoding
        does not take.
    """
    if not isinstance(mapping, Mapping):
        found = f"a {type(mapping).__name__}"
        raise FileFormatError(message("encoding", "a mapping of fields", found))
    kind = mapping.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        found = repr(kind) if "kind" in mapping else "no such field"
        raise FileFormatError(message("encoding.kind", f"one of {sorted(_KINDS)}", found))
    cls = _KINDS[kind]
    fields = {field.name: field.default for field in dataclasses.fields(cls)}
    given = {name: value for name, value in mapping.items() if name != "kind"}
    for name in given:
        if name not in fields:
            expected = f"only the fields {['kind', *fields]} for kind {kind!r}"
            raise FileFormatError(message(f"encoding.{name}", expected, "an unknown field"))
    for name, default in fields.items():
        if name not in given and default is dataclasses.MISSING:
            raise FileFormatError(message(f"encoding.{name}", "a value", "no such field"))
    try:
        return cls(**given)
    except InputError as error:
        raise FileFormatError(f"encoding: {error}") from error


def check_values(values: np.ndarray, *, where: str = "values") -> np.ndarray:
    """Return a batch of images or vectors as it is, if it can be encoded.

    Parameters
    ----------
    values : float [batch, *features]
        Finite numbers in [0, 1].
    where : str
        What the array is called in an error.

    Returns
    -------
    float [batch, *features]
        The same array.

    Raises
    ------
    InputError
        Not a numpy array of floats, fewer than two axes, empty, NaN or infinite values, or
        values out of [0, 1].
    """
    if not isinstance(values, np.ndarray):
        found = f"a {type(values).__name__}"
        raise InputError(message(where, "a numpy array of floats", found, "Use np.asarray."))
    if values.dtype.kind != "f":
        remedy = ""
        if values.dtype.kind in "iu":
            remedy = "Divide 8-bit pixels by 255."
        elif values.dtype.kind == "b":
            remedy = "Convert with astype(np.float32)."
        raise InputError(message(where, "floats in [0, 1]", f"dtype {values.dtype}", remedy))
    if values.ndim < 2:
        remedy = "values[np.newaxis] makes a batch of one." if values.ndim == 1 else ""
        raise InputError(message(where, "[batch, *features]", f"shape {values.shape}", remedy))
    if values.size == 0:
        expected = "[batch, *features] with at least one entry along every axis"
        raise InputError(message(where, expected, f"shape {values.shape}"))
    low, high = values.min(), values.max()  # NaN and infinity always show in one of the two
    if not (np.isfinite(low) and np.isfinite(high)):
        wrong = ~np.isfinite(values)
        index = tuple(int(i) for i in np.unravel_index(np.argmax(wrong), values.shape))
        count = int(np.count_nonzero(wrong))
        found = f"{count} NaN or infinite, the first {values[index]} at index {list(index)}"
        raise InputError(message(where, "finite numbers", found))
    if low < 0 or high > 1:
        found = f"values from {low:g} to {high:g}"
        remedy = "Divide 8-bit pixels by 255." if low >= 0 else "Scale the values to [0, 1]."
        raise InputError(message(where, "values in [0, 1]", found, remedy))
    return values


def _to_dict(encoding: Kind) -> dict[str, Any]:
    return {"kind": encoding.kind, **dataclasses.asdict(encoding)}
