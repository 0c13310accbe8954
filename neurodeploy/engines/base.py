"""The protocol that every engine follows.

An engine holds one network. ``run`` takes a batch, each sample from rest; ``open`` gives a
`Session` that takes one step at a time. Output column t is what the last layer sends in step t,
where SLAYER's forward puts it; it is not shifted by the network's latency.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, overload, runtime_checkable

import numpy as np
from typing_extensions import Self

from neurodeploy._io.imports import require_one_of
from neurodeploy.engines.counts import Counts
from neurodeploy.engines.layout import in_layout
from neurodeploy.errors import InputError, message
from neurodeploy.netx.layers import NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.signals.events import check_spikes, numeric_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Run:
    """What a batch did.

    Parameters
    ----------
    layers : tuple of arrays [sample, *features, time]
        Spikes of every layer: uint8, or int32 where they are graded.
    counts : Counts
        By layer and sample.
    """

    layers: tuple[np.ndarray, ...]
    counts: Counts

    def __repr__(self) -> str:
        spikes = int(np.count_nonzero(self.spikes))
        shape = f"{self.spikes.dtype} {list(self.spikes.shape)}"
        layers = f"{len(self.layers)} layer{'s' * (len(self.layers) > 1)}"
        return f"Run({layers}, output {shape} with {spikes:,} spikes)"

    def _repr_html_(self) -> str:
        return self.counts._repr_html_()

    @property
    def spikes(self) -> np.ndarray:
        """Output spikes, uint8 or int32 [sample, *features, time]."""
        return self.layers[-1]

    def plot(self, sample: int = 0, layer: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw the spikes of one sample: a row for each neuron in its own order, the first on top.

        Graded spikes are coloured by their value.

        Parameters
        ----------
        sample : int
            Its place in the batch.
        layer : str, optional
            Name of a layer; the last one if not given.
        ax : matplotlib Axes, optional
            Where to draw; new ones if not given.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        InputError
            There is no such sample or layer.
        """
        from neurodeploy.pictures.drawings import raster

        names = [each.name for each in self.counts.layers]
        name = require_one_of("layer", names[-1] if layer is None else layer, names)
        if not 0 <= sample < len(self.spikes):
            raise InputError(message("sample", f"0 to {len(self.spikes) - 1}", sample))
        spikes = self.layers[names.index(name)][sample]
        return raster(spikes.reshape(-1, spikes.shape[-1]), f"neuron of {name}", ax)


class Closeable(Protocol):
    """Released by ``close``, or at the end of a ``with`` block."""

    def close(self) -> None:
        """Release what is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class BatchRunner(Protocol):
    """What `run` is made of: batches, each by itself."""

    @overload
    def run(self, spikes: np.ndarray) -> Run: ...  # type: ignore[overload-overlap, unused-ignore]

    @overload
    def run(self, spikes: Iterable[np.ndarray]) -> Iterator[Run]: ...

    def run(self, spikes: np.ndarray | Iterable[np.ndarray]) -> Run | Iterator[Run]:
        """Run a batch, or one batch after another, each sample from rest.

        Parameters
        ----------
        spikes : array [sample, *features, time], or iterable of such arrays
            0 or 1; whole numbers, where the network takes graded spikes; real values, where it
            begins with input neurons. Batches of an iterable may differ in samples and steps.

        Returns
        -------
        Run, or iterator of Run
            The next batch is taken and run when the next Run is asked for, so that memory does
            not grow with their number.

        Raises
        ------
        InputError
            The spikes do not fit the network.
        EngineError
            Lava hung or died; nothing is left running.
        """
        if isinstance(spikes, np.ndarray):
            return self.run_batch(spikes)
        return map(self.run_batch, spikes)

    def run_batch(self, spikes: np.ndarray) -> Run:
        """Run one batch [sample, *features, time]."""


class Session(Closeable, Protocol):
    """A running network that takes one time step at a time, from rest."""

    def step(self, spikes: np.ndarray) -> np.ndarray:
        """Take input [*features] of one step; give the output spikes [*features] of it."""

    def advance(self, spikes: np.ndarray) -> list[np.ndarray]:
        """As `step`; give the spikes [*features] of every layer."""

    def reset(self) -> None:
        """Return to rest."""

    @property
    def counts(self) -> Counts:
        """What has been done since the last reset."""


@runtime_checkable
class Engine(BatchRunner, Closeable, Protocol):
    """Runs one network; a context manager, closed when done."""

    name: str
    network: Network

    def open(self) -> Session:
        """Start a session at rest."""


def spike_types(network: Network) -> list[type[np.generic]]:
    """Types of the spikes of each layer: uint8, or int32 where they are graded."""
    return [np.int32 if graded else np.uint8 for graded in network.graded[1:]]


def check_input(network: Network, spikes: np.ndarray, where: str = "input") -> np.ndarray:
    """Validate a batch for a network.

    Parameters
    ----------
    network : Network
        What will run.
    spikes : array [sample, *features, time]
        0 or 1; whole numbers of at most ``input_bits`` bits and a sign, where the network takes
        graded spikes; real values, where it begins with input neurons, and then what is returned
        is the integer current of these. A network whose input is an image also takes it
        flattened, in the order of its axes; a flat one takes no image.
    where : str
        Named in errors.

    Returns
    -------
    array [sample, *features, time]
        uint8 spikes, int32 graded spikes, or int32 current.

    Raises
    ------
    InputError
        Shape or values are not what the network takes.
    """
    spikes = in_layout(numeric_array(np.asarray(spikes), where), network.input_shape, where)
    first = network.layers[0]
    if not first.takes_real_values and not network.input_bits:
        return check_spikes(spikes, features=network.input_shape, where=where)
    if spikes.shape[1:-1] != network.input_shape or spikes.size == 0:
        expected = f"[batch, {', '.join(map(str, network.input_shape))}, time]"
        raise InputError(message(where, expected, list(spikes.shape)))
    if spikes.dtype.kind not in "iufb":
        raise InputError(message(where, "numbers", f"values of type {spikes.dtype}"))
    values = spikes.astype(np.float64)
    if isinstance(first, NeuronInput):
        limit, whole, expected = 2.0**31, True, "finite numbers that fit 32 bits as current"
        with np.errstate(invalid="ignore"):  # 0 times infinity is caught below
            values *= first.weight
        values += first.bias
        np.trunc(values, out=values)
    else:
        limit = float(1 << network.input_bits)
        whole = bool((values == np.trunc(values)).all())
        expected = f"whole numbers of {network.input_bits} bits and a sign"
    if not (whole and -limit < values.min() and values.max() < limit):
        raise InputError(message(where, expected, f"{spikes.min()} to {spikes.max()}"))
    return values.astype(np.int32)
