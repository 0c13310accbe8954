"""Where the spikes of a layer differ from those of a reference, and what a shift explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class LayerDifference:
    """Spikes of one layer that differ from the reference.

    Parameters
    ----------
    layer, reference, engine : str
        What was compared.
    spikes, engine_spikes : int
        Of the reference, and of the engine.
    differing : int
        Places where the two are not equal.
    missing, added : int
        Of them, spikes of the reference where the engine has none, and the other way round; graded
        spikes may differ in their value alone.
    samples, same_largest : int
        How many there are, and in how many the same neuron has sent most spikes, the first of
        several.
    counts_differing : int
        How far the spike counts are apart, summed over samples and neurons.
    first : tuple of int, optional
        The earliest differing (sample, *feature, step).
    late_steps : int
        By so many steps the reference was delayed before it was compared; the engine, if negative.
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
    engine_spikes: int
    differing: int
    missing: int
    added: int
    samples: int
    same_largest: int
    counts_differing: int
    first: tuple[int, ...] | None
    late_steps: int = 0
    shift_steps: int | None = None
    unit: int = 1

    @property
    def later_steps(self) -> int:
        """By how many steps the engine is later than the reference, as far as that explains it."""
        return self.late_steps if self.shift_steps is None else self.shift_steps

    @property
    def counts_apart(self) -> float | None:
        """``counts_differing`` as a part of the reference's spikes; None where it has none."""
        return self.counts_differing / self.spikes if self.spikes else None


def difference(
    layer: str,
    reference: tuple[str, np.ndarray],
    engine: tuple[str, np.ndarray],
    late_steps: int = 0,
) -> LayerDifference:
    """Compare the spikes [sample, *features, time] of a layer in two runs, each with its name.

    Parameters
    ----------
    layer : str
        Its name.
    reference, engine : (name, array)
        The runs.
    late_steps : int
        The reference is delayed by so many steps first; the engine, if negative.
    """
    unit = unit_of(reference[1], engine[1])
    given = reference[1] * unit
    expected, found = delayed(given, late_steps), delayed(engine[1], -late_steps)
    differ = np.argwhere(expected != found)
    earliest = differ[np.lexsort((differ[:, 0], differ[:, -1]))[0]] if len(differ) else None
    sent, fired = expected != 0, found != 0
    counts, others = (each.sum(-1, dtype=np.int64).reshape(len(each), -1) for each in (sent, fired))
    return LayerDifference(
        layer=layer,
        reference=reference[0],
        engine=engine[0],
        spikes=int(counts.sum()),
        engine_spikes=int(others.sum()),
        differing=len(differ),
        missing=int(np.count_nonzero(sent & ~fired)),
        added=int(np.count_nonzero(fired & ~sent)),
        samples=len(found),
        same_largest=int(np.count_nonzero(counts.argmax(1) == others.argmax(1))),
        counts_differing=int(np.abs(counts - others).sum()),
        first=None if earliest is None else tuple(int(i) for i in earliest),
        late_steps=late_steps,
        shift_steps=None if earliest is None else best_shift(given, engine[1]),
        unit=unit,
    )


def delayed(spikes: np.ndarray, steps: int) -> np.ndarray:
    """Spikes [..., time] so many steps later, after silence; as they are, if not more than 0."""
    if steps <= 0:
        return spikes
    moved = np.zeros_like(spikes)
    moved[..., steps:] = spikes[..., :-steps]
    return moved


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
    if np.array_equal(expected, found):
        return 0
    sent, fired = (
        np.count_nonzero(each, axis=tuple(range(each.ndim - 1))) for each in (expected, found)
    )
    for steps in range(1, expected.shape[-1]):
        for shift, early, late, totals in (
            (steps, expected, found, (sent, fired)),
            (-steps, found, expected, (fired, sent)),
        ):
            few = totals[0][:-steps]
            alike = few.any() and not totals[1][:steps].any() and (few == totals[1][steps:]).all()
            if alike and np.array_equal(early[..., :-steps], late[..., steps:]):
                return shift
    return None
