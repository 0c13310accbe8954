"""Do training, engines and simulator say the same? Layer by layer, and where they first differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from neurodeploy._io.reprs import html_table
from neurodeploy.deploy.differences import LayerDifference, difference
from neurodeploy.deploy.parts import Deployed, chip_part
from neurodeploy.deploy.reference import Against, Reference, reference_of
from neurodeploy.engines.base import check_input
from neurodeploy.engines.registry import COMPLETE_ENGINES, simulate
from neurodeploy.errors import InputError, message
from neurodeploy.netx.check import check
from neurodeploy.netx.findings import Finding
from neurodeploy.netx.network import Network


@dataclass(frozen=True, kw_only=True, repr=False)
class Verification:
    """Every comparison that was made.

    Parameters
    ----------
    reference : str
        What the engines were compared with, in words.
    layers : tuple of LayerDifference
        By engine and layer.
    findings : tuple of Finding
        What `check` says of the network, and of its input where that is too short to say much.
    """

    reference: str
    layers: tuple[LayerDifference, ...]
    findings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        return f"Verification({self.verdict}: {self.compared})"

    def _repr_html_(self) -> str:
        heads = ("layer", "reference", "engine", "spikes", "differing", "steps late")
        rows = [
            (d.layer, d.reference, d.engine, d.spikes, d.differing, d.later_steps or "")
            for d in self.layers
        ]
        return html_table(repr(self), heads, rows)

    @property
    def compared_spikes(self) -> int:
        """Spikes of the reference, over all comparisons: each once an engine."""
        return sum(layer.spikes for layer in self.layers)

    @property
    def differing(self) -> int:
        """Places where an engine differs, over all comparisons."""
        return sum(layer.differing for layer in self.layers)

    @property
    def exact(self) -> bool:
        """Whether spikes were compared, and none differs anywhere."""
        return self.compared_spikes > 0 and self.differing == 0

    @property
    def late_steps(self) -> int:
        """By so many steps the output of the reference was delayed before it was compared."""
        return self.layers[-1].late_steps if self.layers else 0

    @property
    def verdict(self) -> str:
        """``exact``, ``exact, 2 steps later``, or ``not exact``."""
        if not self.exact:
            return "not exact"
        return f"exact, {_late(self.late_steps)}" if self.late_steps else "exact"

    @property
    def shift_steps(self) -> int | None:
        """Steps that the output is later than the reference's, where that explains everything.

        None where nothing differs, or where some layer differs otherwise than by a shift.
        """
        different = [layer for layer in self.layers if layer.differing]
        if any(layer.shift_steps is None for layer in different):
            return None
        output = self.layers[-1].layer if self.layers else ""
        shifts = {layer.shift_steps for layer in different if layer.layer == output}
        return shifts.pop() if len(shifts) == 1 else None

    @property
    def compared(self) -> str:
        """What was compared with what, and what came out, in a sentence."""
        if not self.layers:
            return f"Nothing was compared with {self.reference}."
        engines = " and ".join(dict.fromkeys(layer.engine for layer in self.layers))
        names = ", ".join(dict.fromkeys(layer.layer for layer in self.layers))
        said = f"{engines} against {self.reference}, in {names}"
        if self.compared_spikes == 0 and self.differing == 0:
            return f"{said}: no spike occurred, which shows nothing."
        said = f"{said}: {self._counted}"
        units = sorted({layer.unit for layer in self.layers} - {1})
        if units:
            said = f"{said}, where a 1 of the reference counts as {' or '.join(map(str, units))}"
        if self.shift_steps is not None:
            equal = f"the output is equal {_late(self.shift_steps)}, with 0 differing"
            return f"{said}: {equal}{self._accepted_by}."
        return f"{said}." if self.exact else f"{said}. {self._answers}"

    @property
    def _counted(self) -> str:
        """How many differ: with the engine that differs most, where there are several."""
        engines = dict.fromkeys(layer.engine for layer in self.layers)
        spikes, several = self.compared_spikes // len(engines), len(engines) > 1
        if self.exact:
            return f"{spikes:,} spikes compared{' with each' if several else ''}, 0 differ"
        of_each = (tuple(d for d in self.layers if d.engine == engine) for engine in engines)
        worst = max(
            (replace(self, layers=layers) for layers in of_each), key=lambda each: each.differing
        )
        missing, added = (
            sum(getattr(layer, name) for layer in worst.layers) for name in ("missing", "added")
        )
        said = f"of {spikes:,} spikes of the reference {missing:,} are missing"
        said = f"{said}, and {added:,} are sent that it has not"
        others = worst.differing - missing - added
        said = f"{said}; {others:,} have another value" if others else said
        return f"{said}, with {worst.layers[0].engine}" if several else said

    @property
    def _accepted_by(self) -> str:
        """How a person says that a shift is as it should be."""
        shifts = {layer.layer: layer.later_steps for layer in self.layers}
        if len(set(shifts.values())) == 1:
            return f", as --late {self.shift_steps} (late_steps={self.shift_steps}) accepts"
        return f", as late_steps={tuple(shifts.values())} accepts"

    @property
    def _answers(self) -> str:
        """How far the counts of the output are apart, where spikes are not equal."""
        output = [layer for layer in self.layers if layer.layer == self.layers[-1].layer]
        worst = min(output, key=lambda layer: layer.same_largest)
        said = f"Of {worst.samples:,} samples {worst.same_largest:,} have the same largest count"
        if worst.counts_apart is None:
            return f"{said} in the output."
        return f"{said} in the output, where counts differ by {100 * worst.counts_apart:.2g} %."

    def to_dict(self) -> dict[str, Any]:
        """A mapping for JSON."""
        return {
            "exact": self.exact,
            "reference": self.reference,
            "compared": self.compared,
            "compared_spikes": self.compared_spikes,
            "differing": self.differing,
            "shift_steps": self.shift_steps,
            "findings": [asdict(finding) for finding in self.findings],
            "layers": [asdict(layer) for layer in self.layers],
        }


def _late(steps: int) -> str:
    """A shift in words."""
    if not steps:
        return "without a shift"
    count = "one step" if abs(steps) == 1 else f"{abs(steps)} steps"
    return f"{count} {'later' if steps > 0 else 'earlier'}"


def compare(
    network: Network,
    reference: tuple[str, Sequence[np.ndarray]],
    other: tuple[str, Sequence[np.ndarray]],
    late_steps: int | Sequence[int] = 0,
) -> Verification:
    """Compare the spikes of the last layers of two runs, each given with its name.

    Parameters
    ----------
    network : Network
        What both ran.
    reference, other : (name, arrays [sample, *features, time] by layer)
        Every layer, or as many of the last ones in both.
    late_steps : int or sequence of int
        By which the reference is delayed: of all layers, or of each.
    """
    names = network.names[-len(reference[1]) :]
    late = np.broadcast_to(late_steps, len(names)).tolist()
    differences = tuple(
        difference(name, (reference[0], np.asarray(expected)), (other[0], np.asarray(found)), steps)
        for name, expected, found, steps in zip(names, reference[1], other[1], late, strict=True)
    )
    return Verification(reference=reference[0], layers=differences)


def verify(
    deployed: Deployed,
    spikes: np.ndarray,
    engines: Sequence[str] = COMPLETE_ENGINES,
    *,
    against: Against = None,
    late_steps: int | Sequence[int] | None = None,
) -> Verification:
    """Run a reference and each engine on the same input and compare all layers.

    Parameters
    ----------
    deployed : Network or Bundle
        What runs. A bundle with fewer steps than its encoding runs the first ones.
    spikes : array [sample, *features, time]
        Its input.
    engines : sequence of str
        Each is compared with the reference.
    against : optional
        The reference: a `HybridModel`, `Encoder` or `TrainedEncoder`, by its training forward at
        temperature 0, in all layers; another torch module, by the output spikes [sample, neuron,
        time] that it returns for float32 input; what `neurodeploy.nir_floats` makes of a NIR
        graph, in all layers; an array of output spikes; or a sequence of arrays, one a layer.
        Without one it is the encoder that the bundle carries; else SLAYER's arithmetic on the
        network's own integers, or Lava where SLAYER's is not replayed: recurrent layers, and
        neurons other than CUBA ones.
    late_steps : int or sequence of int, optional
        The reference is so many steps early, as NIR's equations are, one a layer: spikes that are
        equal so much later are equal. One for all layers of the reference, or one each; a NIR
        graph's are known.

    Returns
    -------
    Verification
        Not ``exact`` where nothing was compared or no spike occurred.

    Raises
    ------
    InputError
        No engine is left to compare, or the reference is not one or of another shape.
    """
    part = chip_part(deployed)
    network, signal = part.network, part.first_steps(spikes)
    check_input(network, signal)
    if against is None:
        against = getattr(deployed, "encoder", None)
    reference = reference_of(network, signal, against)
    late = _late_steps(reference, late_steps, signal.shape[-1])
    others = [name for name in engines if name != reference.engine]
    if not others:
        expected = "at least one"
        if reference.engine is not None:
            expected = f"one besides {reference.engine}, which is the reference for this network"
        raise InputError(message("engines", expected, ", ".join(engines) or "none"))
    layers: list[LayerDifference] = []
    for name in others:
        run = simulate(network, signal, name).layers[-len(reference.layers) :]
        layers += compare(network, (reference.name, reference.layers), (name, run), late).layers
    findings = dict.fromkeys(
        (*_short_samples(network, signal.shape[-1]), *check(network), *reference.notes)
    )
    return Verification(reference=reference.words, layers=tuple(layers), findings=tuple(findings))


def _late_steps(
    reference: Reference, asked: int | Sequence[int] | None, steps: int
) -> tuple[int, ...]:
    """By how many steps each layer of a reference is delayed."""
    where, number = "late_steps (--late)", len(reference.layers)
    if asked is None:
        return reference.late_steps or (0,) * number
    if reference.late_steps:
        raise InputError(message(where, f"none, for {reference.words}, which say it", asked))
    late = np.asarray(asked)
    if (
        late.dtype.kind not in "iu"
        or late.shape not in ((), (number,))
        or np.abs(late).max(initial=0) >= steps
    ):
        expected = f"fewer than the {steps} steps of a sample, of all layers or of each"
        raise InputError(message(where, expected, asked))
    return tuple(np.broadcast_to(late, number).tolist())


def _short_samples(network: Network, steps: int) -> Iterator[Finding]:
    if steps <= network.latency_steps:
        yield Finding.of(
            "short-sample",
            network.names[-1],
            "time",
            f"no input can change the output: samples of {steps} steps, and a latency of "
            f"{network.latency_steps}",
            f"Give at least {network.latency_steps + 1} steps",
        )
