"""A NIR graph as its floats run: what the integers that it becomes are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy._io.limits import DEFAULT, Limits
from neurodeploy._io.reprs import ShortRepr
from neurodeploy.adopt.nir.graph import read_graph
from neurodeploy.adopt.nir.names import require_profile
from neurodeploy.adopt.nir.notes import notes_of
from neurodeploy.adopt.nir.profiles import PLAIN, PROFILES, Profile
from neurodeploy.adopt.nir.reading import Steps, steps_of
from neurodeploy.netx.findings import Finding


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NirFloats(ShortRepr):
    """The spiking layers of a NIR graph in floats, with no step of latency between them.

    Parameters
    ----------
    words : str
        What it is.
    steps : Steps
        The graph in steps.
    profile : Profile
        The tool that wrote it.
    dt_s : float, optional
        Seconds of a step that a person asked for.
    """

    words: str
    steps: Steps
    profile: Profile
    dt_s: float | None = None

    @property
    def late_steps(self) -> tuple[int, ...]:
        """By so many steps each layer of netx is later: one for itself and each before it."""
        return tuple(range(1, 1 + len(self.steps.floats.layers)))

    def run(self, spikes: np.ndarray) -> tuple[np.ndarray, ...]:
        """Spikes of every layer, uint8 [sample, *features, time], for input of that shape.

        Raises
        ------
        NetworkError
            The features are not those of the graph's input.
        """
        return self.steps.floats.run(spikes, latency_steps=0)

    def notes(self, names: Sequence[str]) -> tuple[Finding, ...]:
        """What the graph cannot say of what its author ran, and netx does otherwise.

        Parameters
        ----------
        names : sequence of str
            What its layers are called.
        """
        return tuple(notes_of(self.profile, self.dt_s, names, self.steps.floats.layers))


def nir_floats(
    graph: Any,
    *,
    dt_s: float | None = None,
    profile: str | None = None,
    input_shape: Sequence[int] | None = None,
    limits: Limits = DEFAULT,
) -> NirFloats:
    """A NIR graph as its floats run, for `neurodeploy.verify(..., against=)`.

    Parameters
    ----------
    graph : nir.NIRGraph or path
        Or a file of one.
    dt_s, profile, input_shape, limits : optional
        As in `neurodeploy.convert`.

    Returns
    -------
    NirFloats

    Raises
    ------
    MissingPackageError
        ``nir`` is not installed.
    InputError, FileFormatError, NetworkError
        As `neurodeploy.convert`: what cannot be converted is not run in floats either.
    """
    tool = PLAIN if profile is None else PROFILES[require_profile(profile)]
    named = f"the floats of {Path(graph).name}" if isinstance(graph, str | Path) else "the floats"
    steps = steps_of(read_graph(graph, limits), dt_s=dt_s, profile=tool, input_shape=input_shape)
    return NirFloats(words=named, steps=steps, profile=tool, dt_s=dt_s)
