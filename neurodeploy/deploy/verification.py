"""Do training, engines and simulator say the same? Layer by layer, and where they first differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neurodeploy._io.reprs import html_table
from neurodeploy.deploy.parts import Deployed, chip_part
from neurodeploy.deploy.reference import Against, reference_of
from neurodeploy.engines.base import check_input
from neurodeploy.engines.registry import COMPLETE_ENGINES, simulate
from neurodeploy.errors import InputError, message
from neurodeploy.netx.check import check
from neurodeploy.netx.findings import Finding
from neurodeploy.netx.network import Network


@dataclass(frozen=True, kw_only=True)
class LayerDifference:
    """Spikes of one layer that differ from the reference.

    Parameters
    ----------
    layer, reference, engine : str
        What was compared.
    spikes : int
        Of the reference.
    differing : int
        Places where the two are not equal.
    first : tuple of int, optional
        The earliest differing (sample, *feature, step).
    shift_steps : int, optional
        So many steps the engine is later than the reference (earlier, if negative), where that
        alone explains what differs.
    unit : int
        What a 1 of the reference is in the engine: graded spikes are fractions in SLAYER, and
        whole numbers on the chip.
    """

    layer: str
    reference: str
    engine: str
    spikes: int
    differing: int
    first: tuple[int, ...] | None
    shift_steps: int | None = None
    unit: int = 1


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
        return f"Verification({'exact' if self.exact else 'not exact'}: {self.compared})"

    def _repr_html_(self) -> str:
        heads = ("layer", "reference", "engine", "spikes", "differing", "steps late")
        rows = [
            (d.layer, d.reference, d.engine, d.spikes, d.differing, d.shift_steps or "")
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
        said = f"{said}: {self.compared_spikes:,} spikes compared, {self.differing:,} differ"
        units = sorted({layer.unit for layer in self.layers} - {1})
        if units:
            said = f"{said}, where a 1 of the reference counts as {' or '.join(map(str, units))}"
        if self.shift_steps is None:
            return f"{said}."
        steps, late = abs(self.shift_steps), "later" if self.shift_steps > 0 else "earlier"
        count = "one step" if steps == 1 else f"{steps} steps"
        return f"{said}: the output is equal {count} {late}."

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


def compare(
    network: Network,
    reference: tuple[str, Sequence[np.ndarray]],
    other: tuple[str, Sequence[np.ndarray]],
) -> Verification:
    """Compare the spikes of the last layers of two runs, each given with its name.

    Parameters
    ----------
    network : Network
        What both ran.
    reference, other : (name, arrays [sample, *features, time] by layer)
        Every layer, or as many of the last ones in both.
    """
    names = network.names[-len(reference[1]) :]
    differences = tuple(
        _difference(name, reference[0], np.asarray(expected), other[0], np.asarray(found))
        for name, expected, found in zip(names, reference[1], other[1], strict=True)
    )
    return Verification(reference=reference[0], layers=differences)


def _difference(
    layer: str, reference: str, expected: np.ndarray, engine: str, found: np.ndarray
) -> LayerDifference:
    unit = unit_of(expected, found)
    expected = expected * unit
    differ = np.argwhere(expected != found)
    earliest = differ[np.lexsort((differ[:, 0], differ[:, -1]))[0]] if len(differ) else None
    return LayerDifference(
        layer=layer,
        reference=reference,
        engine=engine,
        spikes=int(np.count_nonzero(expected)),
        differing=len(differ),
        first=None if earliest is None else tuple(int(i) for i in earliest),
        shift_steps=None if earliest is None else best_shift(expected, found),
        unit=unit,
    )


def unit_of(expected: np.ndarray, found: np.ndarray) -> int:
    """The power of two by which the largest value of one array is that of the other; 1 if none is.

    Whole numbers are in the chip's units already.
    """
    largest, other = (float(np.abs(array).max(initial=0)) for array in (expected, found))
    if not largest or not other or (expected == np.rint(expected)).all():
        return 1
    ratio = other / largest
    return int(ratio) if ratio > 1 and np.frexp(ratio)[0] == 0.5 else 1


def best_shift(expected: np.ndarray, found: np.ndarray) -> int | None:
    """The smallest shift in time that turns one array [..., time] into another.

    Returns
    -------
    int or None
        Steps that ``found`` is later; negative, where it is earlier. None where no shift does it,
        or one that leaves no spike to tell by.
    """
    for steps in range(1, expected.shape[-1]):
        for shift, early, late in ((steps, expected, found), (-steps, found, expected)):
            moved = early[..., :-steps]
            silent = not late[..., :steps].any()
            if silent and moved.any() and np.array_equal(moved, late[..., steps:]):
                return shift
    return None


def verify(
    deployed: Deployed,
    spikes: np.ndarray,
    engines: Sequence[str] = COMPLETE_ENGINES,
    *,
    against: Against = None,
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
        time] that it returns for float32 input; an array of output spikes; or a sequence of
        arrays, one a layer. Without one it is the encoder that the bundle carries; else
        SLAYER's arithmetic on the network as it is written, or Lava where SLAYER's is not
        replayed: recurrent layers, and neurons other than CUBA ones.

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
    others = [name for name in engines if name != reference.engine]
    if not others:
        expected = "at least one"
        if reference.engine is not None:
            expected = f"one besides {reference.engine}, which is the reference for this network"
        raise InputError(message("engines", expected, ", ".join(engines) or "none"))
    layers: list[LayerDifference] = []
    for name in others:
        run = simulate(network, signal, name).layers[-len(reference.layers) :]
        layers += compare(network, (reference.name, reference.layers), (name, run)).layers
    findings = (*_short_samples(network, signal.shape[-1]), *check(network))
    return Verification(reference=reference.words, layers=tuple(layers), findings=findings)


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
