"""Steps of input with their samples in band, of arrays, event files and lines of JSON.

A line is one step::

    {"spikes": [3, 17]}                                  features that spike, in SLAYER's order
    {"sample": "a", "step": 0, "spikes": [], "last": true}
    {"spikes": [5], "values": [-2], "reset": true}

``sample`` names the sample (else they are numbered), ``step`` must be the next one if it is given,
``reset`` leaves the sample before as it is and begins from rest, ``last`` ends a sample, and
``values`` are those of graded or real input.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np

from neurodeploy.deploy.parts import ChipPart
from neurodeploy.errors import InputError, message
from neurodeploy.netx.network import Network
from neurodeploy.signals.events import numeric_array
from neurodeploy.signals.recordings import Grid, encoded
from neurodeploy.signals.sources.find import Reading, open_source

LONGEST_NAME = 200
"""Characters of the name of a sample."""


@dataclass(frozen=True, kw_only=True, eq=False)
class InputStep:
    """One step of input.

    Parameters
    ----------
    spikes : array [*features]
    sample : int or str, optional
        Name of the sample; None for the one before, or the next number after its last step.
    step : int, optional
        Which step of the sample it is, from 0; compared with what has been received.
    reset : bool
        From rest, whether the sample before was whole or not.
    last : bool
        Whether the sample ends with it.
    """

    spikes: np.ndarray
    sample: int | str | None = None
    step: int | None = None
    reset: bool = False
    last: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class StepOutput:
    """What the network made of a step of a stream.

    ``input`` is [*features]; ``layers`` holds the spikes [*features] of every layer.
    """

    sample: int
    step: int
    input: np.ndarray
    layers: list[np.ndarray]

    @property
    def spikes(self) -> np.ndarray:
        """Output spikes [*features]."""
        return self.layers[-1]


class StepLine(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A step as JSON; the module says what its fields are."""

    spikes: list[int]
    values: list[float] | None = None
    sample: int | Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)] | None = None
    step: Annotated[int, msgspec.Meta(ge=0)] | None = None
    reset: bool = False
    last: bool = False


class LineReader:
    """Lines of JSON to steps of a network's input.

    Parameters
    ----------
    network : Network
        Whose input it is.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self._decoder = msgspec.json.Decoder(StepLine)

    @property
    def longest(self) -> int:
        """Bytes of the longest line: a number and its value for each feature."""
        return 64 * math.prod(self.network.input_shape) + 8 * LONGEST_NAME

    def read(self, line: bytes | str, where: str) -> InputStep:
        """One step.

        Raises
        ------
        InputError
            It is none.
        """
        try:
            said = self._decoder.decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            expected = "one JSON object with the fields of a step"
            raise InputError(message(where, expected, error)) from error
        return InputStep(
            spikes=features_of(self.network, said.spikes, said.values, where),
            sample=said.sample,
            step=said.step,
            reset=said.reset,
            last=said.last,
        )


def features_of(
    network: Network, places: Sequence[int], values: Sequence[float] | None, where: str
) -> np.ndarray:
    """Input [*features] with spikes, or values, at some places.

    Raises
    ------
    InputError
        A place is none of the network's, or comes twice, or has no value.
    """
    features = math.prod(network.input_shape)
    if len(places) > features or len(set(places)) < len(places):
        raise InputError(message(f"{where}, spikes", "each feature once", f"{len(places)} of them"))
    if places and not (min(places) >= 0 and max(places) < features):
        found = min(places) if min(places) < 0 else max(places)
        raise InputError(message(f"{where}, spikes", f"features 0 to {features - 1}", found))
    if values is None:
        spikes = np.zeros(features, np.uint8)
        spikes[list(places)] = 1
    else:
        if len(values) != len(places):
            expected = f"one for each of {len(places)} spikes"
            raise InputError(message(f"{where}, values", expected, len(values)))
        spikes = np.zeros(features, np.float64)
        spikes[list(places)] = values
    return spikes.reshape(network.input_shape)


def array_steps(part: ChipPart, samples: Iterable[np.ndarray]) -> Iterator[InputStep]:
    """Steps of whole samples [*features, time], taken one by one.

    Raises
    ------
    InputError
        A sample is no array of numbers with time as its last axis.
    """
    for number, sample in enumerate(samples):
        where = f"sample {number}"
        whole = sample if isinstance(sample, np.ndarray) else np.asarray(sample)
        spikes = part.first_steps(numeric_array(whole, where))
        if spikes.ndim < 2 or spikes.size == 0:
            expected = f"[{', '.join(map(str, part.network.input_shape))}, time]"
            raise InputError(message(where, expected, list(spikes.shape)))
        steps = spikes.shape[-1]
        for step in range(steps):
            column = np.ascontiguousarray(spikes[..., step])
            yield InputStep(spikes=column, sample=number, step=step, last=step == steps - 1)


def recorded_samples(
    path: Path | str, grid: Grid, reading: Reading | None = None
) -> Iterator[np.ndarray]:
    """Samples uint8 [*features, time] of a file of events, or a folder of them, one by one.

    Parameters
    ----------
    path : path
        As `neurodeploy encode` takes it.
    grid : Grid
        Steps of a sample, and how long one is.
    reading : Reading, optional
        What the file does not say.
    """
    source = open_source(path, reading or Reading(), grid.steps)
    for made in encoded(source, range(len(source.names)), grid):
        yield made.spikes
