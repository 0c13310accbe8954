"""Two moving blobs on a ring of inputs.

The signal of the predictive coding task of VDIB (Skatchkovsky, Simeone, Jang, NeurIPS 2021), as
the authors' code makes it (kclip/VDIB, ``make_blob`` and ``predictive_coding_softmax.py``; after
Chalk, Marre, Tkacik, PNAS 115(1), 2018). A blob has a phase, a velocity and an amplitude; with
``eta``, ``xi`` standard normal and drawn anew at each step::

    phase(t)     = phase(t-1) + velocity(t-1)               phase(0) uniform in [-pi, pi)
    velocity(t)  = 0.9  velocity(t-1)  - 0.14 eta(t)        velocity(0) = 1
    amplitude(t) = 0.99 amplitude(t-1) + 0.01 eta(t)        amplitude(0) = 0.5
    place(t)     = amplitude(t) (phase(t) + 0.45 xi(t))     wrapped to [-pi, pi]

and lights, at each step, the one input nearest to its place: there are no rates and no tuning
curves. The phase is never wrapped, one ``eta`` drives both velocity and amplitude, and the
nearest of the inputs at ``-pi + 2 pi k / 20`` is not sought around the ring, so that the last
input has 1.5 times the share of the others and the first has half of it. All of that is theirs
and is kept. Where both blobs light one input there is one spike. So the spikes of a step name its
pair exactly, and only a pair that is yet to come has to be guessed.

Two things differ from theirs, without effect: random numbers come in another order, and the place
at step 0 is wrapped too (they do not; it is further out than pi once in some 10^13 blobs).

The process never settles: the amplitude falls for the first 300 steps, while the phase spreads
without bound, so that a step moves a blob further and further. A decoder trained on 100 steps
meets another signal in a test on 1,000.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from neurodeploy.errors import InputError, message
from neurodeploy.signals.arguments import check_generator, real_number, whole_number
from neurodeploy.signals.events import check_spikes

_TURN = 2 * math.pi


class BlobStates(NamedTuple):
    """What is hidden: float64 arrays of one shape; the last axis is the blob."""

    phase: np.ndarray
    velocity: np.ndarray
    amplitude: np.ndarray

    def take(self, index: Any) -> BlobStates:
        """Return the states at an index of the arrays."""
        return BlobStates(*(array[index] for array in self))


@dataclass(frozen=True, kw_only=True)
class MovingBlobs:
    """The process; the defaults are the authors'.

    Parameters
    ----------
    inputs : int
        Inputs on the ring, at least 2.
    amplitude, amplitude_decay, amplitude_noise : float
        Amplitude at step 0, what stays of it after a step, in [0, 1], and what ``eta`` adds.
    velocity, velocity_decay, velocity_noise : float
        Velocity at step 0 in radians per step, what stays of it, and what ``eta`` takes away.
    spread : float
        Standard deviation of the phase that is seen, in radians, more than 0.

    Raises
    ------
    InputError
        A field is of another type or out of bounds.
    """

    inputs: int = 20
    amplitude: float = 0.5
    amplitude_decay: float = 0.99
    amplitude_noise: float = 0.01
    velocity: float = 1.0
    velocity_decay: float = 0.9
    velocity_noise: float = 0.14
    spread: float = 0.45

    def __post_init__(self) -> None:
        inputs = whole_number("MovingBlobs.inputs", self.inputs, least=2)
        object.__setattr__(self, "inputs", inputs)
        for field in fields(self)[1:]:
            where, value = f"MovingBlobs.{field.name}", getattr(self, field.name)
            object.__setattr__(self, field.name, real_number(where, value))
        for name in ("amplitude_decay", "velocity_decay"):
            if not 0 <= getattr(self, name) <= 1:
                found = getattr(self, name)
                raise InputError(message(f"MovingBlobs.{name}", "a number in [0, 1]", found))
        for name in ("amplitude_noise", "velocity_noise"):
            if getattr(self, name) < 0:
                found = getattr(self, name)
                raise InputError(message(f"MovingBlobs.{name}", "0 or more", found))
        if self.spread <= 0:
            raise InputError(message("MovingBlobs.spread", "more than 0", self.spread))

    @property
    def pairs(self) -> int:
        """Unordered pairs of inputs, an input with itself too: the classes of the decoder."""
        return self.inputs * (self.inputs + 1) // 2

    @cached_property
    def _cells(self) -> tuple[np.ndarray, np.ndarray]:
        """Middle and half width of the places that light each input: float64 [input]."""
        inner = -math.pi + (np.arange(1, self.inputs) - 0.5) * _TURN / self.inputs
        edges = np.concatenate([[-math.pi], inner, [math.pi]])
        return (edges[:-1] + edges[1:]) / 2, np.diff(edges) / 2

    def sample(
        self, samples: int, steps: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw sequences of two blobs.

        Parameters
        ----------
        samples, steps : int
            How many sequences and how long, at least 1. The authors train on 100 steps and test
            on 1,000.
        rng : np.random.Generator
            It is advanced.

        Returns
        -------
        spikes : uint8 [sample, input, time]
            One or two spikes a step.
        positions : int64 [sample, time, 2]
            The input that each blob lights.

        Raises
        ------
        InputError
            A number is out of bounds, or ``rng`` is no generator.
        """
        samples = whole_number("samples", samples, least=1)
        steps = whole_number("steps", steps, least=1)
        check_generator(rng)
        path = self.walk((samples, 2), steps, rng)
        positions = np.stack([self.observe(states, rng) for states in path], 1)
        spikes = np.zeros((samples, self.inputs, steps), dtype=np.uint8)
        row, time = np.ogrid[:samples, :steps]
        for blob in range(2):
            spikes[row, positions[..., blob], time] = 1
        return spikes, positions

    def walk(
        self, shape: tuple[int, ...], steps: int, rng: np.random.Generator
    ) -> Iterator[BlobStates]:
        """Yield the states of independent blobs at step 0, 1, ... ``steps - 1``."""
        phase = rng.uniform(-math.pi, math.pi, shape)
        states = BlobStates(phase, np.full(shape, self.velocity), np.full(shape, self.amplitude))
        yield states
        for _ in range(1, steps):
            states = self.advance(states, rng.standard_normal(shape))
            yield states

    def advance(self, states: BlobStates, noise: np.ndarray | float) -> BlobStates:
        """Return the states one step on; ``noise`` is ``eta``."""
        return BlobStates(
            phase=states.phase + states.velocity,
            velocity=self.velocity_decay * states.velocity - self.velocity_noise * noise,
            amplitude=self.amplitude_decay * states.amplitude + self.amplitude_noise * noise,
        )

    def observe(self, states: BlobStates, rng: np.random.Generator) -> np.ndarray:
        """Draw the input that each blob lights: int64 of the states' shape."""
        place = states.amplitude * rng.normal(states.phase, self.spread)
        nearest = np.rint((_wrapped(place) + math.pi) * self.inputs / _TURN).astype(np.int64)
        return np.minimum(nearest, self.inputs - 1)

    def likelihood(self, states: BlobStates, positions: np.ndarray) -> np.ndarray:
        """Return the probability that a blob lights an input; both broadcast to the result."""
        deviation = self.spread * np.abs(states.amplitude)
        offset, half = self.images(positions, states.amplitude * states.phase, deviation)
        return mass_within(offset, half, deviation[..., np.newaxis]).sum(-1)

    def images(
        self, positions: np.ndarray, mean: np.ndarray, deviation: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Unwrap inputs around places: offsets of their middles [..., image], half widths [..., 1].

        The images are a turn apart; beyond them is less than 2e-9 of a normal distribution with
        that mean and deviation.
        """
        middle, half = self._cells
        reach = math.ceil(6 * deviation.max() / _TURN)
        turns = _TURN * np.arange(-reach, reach + 1)
        nearest = _wrapped(middle[positions] - mean)
        return nearest[..., np.newaxis] + turns, half[positions][..., np.newaxis]

    def pair_index(self, positions: np.ndarray) -> np.ndarray:
        """Number the pairs as the authors do: (0, 0), (0, 1), ... (1, 1), (1, 2), ...

        Parameters
        ----------
        positions : int [..., 2]
            Inputs in any order.

        Returns
        -------
        int64 [...]
            In ``[0, pairs)``.

        Raises
        ------
        InputError
            Other numbers, or another shape.
        """
        positions = _integers("positions", positions, self.inputs)
        if positions.shape[-1:] != (2,):
            raise InputError(message("positions", "[..., 2]", f"shape {positions.shape}"))
        low, high = positions.min(-1), positions.max(-1)
        return low * (2 * self.inputs - low - 1) // 2 + high

    def pair_positions(self, index: np.ndarray) -> np.ndarray:
        """Undo :meth:`pair_index`: int64 [..., 2], the lower input first.

        Raises
        ------
        InputError
            ``index`` is not of integers in ``[0, pairs)``.
        """
        table = np.stack(np.triu_indices(self.inputs), -1)
        return table[_integers("index", index, self.pairs)]

    def read(self, spikes: np.ndarray) -> np.ndarray:
        """Read the positions off the spikes: int64 [sample, time, 2], the lower input first.

        Raises
        ------
        InputError
            ``spikes`` are no dense spikes on these inputs, or not one or two at each step.
        """
        spikes = check_spikes(spikes, features=(self.inputs,))
        counts = spikes.sum(1)
        if counts.min() < 1 or counts.max() > 2:
            found = f"{counts.min()} to {counts.max()}"
            raise InputError(message("spikes", "one or two at each step", found))
        low, high = spikes.argmax(1), self.inputs - 1 - spikes[:, ::-1].argmax(1)
        return np.stack([low, high], -1).astype(np.int64)


def blob_accuracy(predicted: np.ndarray, pairs: np.ndarray, *, delta: int, skip: int = 5) -> float:
    """Share of steps t at which the pair of step t + delta is named, counted as the authors do.

    The first ``skip`` steps (theirs: tau) are left out, and so are those whose target would be
    after the end. Theirs is this number of one sequence, the best of 25 tests in a training.

    Parameters
    ----------
    predicted : int [sample, time]
        What a decoder says at step t.
    pairs : int [sample, time]
        The pair of each step.
    delta : int
        -1 for the pair before, 0, or 1 for the pair to come, and so on.
    skip : int
        Steps at the start that do not count, at least ``-delta``.

    Raises
    ------
    InputError
        The shapes differ, or no step is left.
    """
    if predicted.shape != pairs.shape or pairs.ndim != 2:
        found = f"{predicted.shape} and {pairs.shape}"
        raise InputError(message("predicted and pairs", "one shape [sample, time]", found))
    delta = whole_number("delta", delta, least=-pairs.shape[1])
    skip = whole_number("skip", skip, least=max(0, -delta))
    stop = pairs.shape[1] - max(0, delta)
    if stop <= skip:
        found = f"{pairs.shape[1]} steps, skip {skip} and delta {delta}"
        raise InputError(message("pairs", "a step that counts", found))
    return float((predicted[:, skip:stop] == pairs[:, skip + delta : stop + delta]).mean())


def _wrapped(angle: np.ndarray) -> np.ndarray:
    return angle - _TURN * np.rint(angle / _TURN)


def mass_within(offset: np.ndarray, half: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Mass of a centred normal within ``half`` of ``offset``, exact far out in its tail."""
    distance = np.abs(offset)
    from scipy.special import ndtr

    return ndtr((half - distance) / deviation) - ndtr((-half - distance) / deviation)


def _integers(where: str, array: np.ndarray, count: int) -> np.ndarray:
    """Return an array as int64, if it holds integers in ``[0, count)``."""
    array = np.asarray(array)
    if array.dtype.kind not in "iu":
        raise InputError(message(where, "integers", f"dtype {array.dtype}"))
    if array.size and (array.min() < 0 or array.max() >= count):
        found = f"{array.min()} to {array.max()}"
        raise InputError(message(where, f"integers in [0, {count - 1}]", found))
    return array.astype(np.int64)
