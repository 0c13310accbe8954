"""The answer first: what was trained, how good it is deployed, at what cost, in a sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurodeploy.cost.verdict import NAMES, microjoules, times
from neurodeploy.report.measured import Measured
from neurodeploy.report.parts import percent


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number that a person takes home: what it is, its value, and what to know of it."""

    label: str
    value: str
    note: str


def title(runs: Sequence[Measured]) -> str:
    """The headline."""
    if len(runs) > 1:
        return f"{len(runs)} networks compared: {', '.join(run.name for run in runs)}"
    return f"{runs[0].task}: {answer(runs[0])}"


def answer(run: Measured) -> str:
    """How good it is, shortly."""
    if run.accuracy is not None:
        return f"{percent(run.accuracy.value)} right, deployed"
    if run.reconstruction is not None:
        return f"pixel error {run.reconstruction.by_step[-1]:.4f}, deployed"
    return f"{run.samples:,} test samples run, deployed"


def trained(run: Measured) -> str:
    """What was trained, and on what it was measured."""
    every = "all" if run.samples == run.available else f"{run.samples:,} of {run.available:,}"
    noun = f"{run.samples:,} test samples" if every == "all" else f"{every} test samples"
    return (
        f"A spiking network of {run.what}, trained on {run.dataset or run.task} and exported to "
        f"integers, ran on {noun} that it had never seen."
    )


def verdict(run: Measured) -> str:
    """One sentence: is it good, is it the same network, does it fit, is it cheap."""
    said = [_good(run), _same(run), _fitting(run), _cheap(run)]
    kept = [each for each in said if each]
    text = kept[0] if len(kept) == 1 else ", ".join(kept[:-1]) + f", and {kept[-1]}"
    return f"{text[0].upper()}{text[1:]}."


def _good(run: Measured) -> str:
    if run.accuracy is None:
        return ""
    low, high = run.accuracy.interval
    guess = percent(run.accuracy.guess, 0)
    if low > run.accuracy.guess:
        return (
            f"it is right in {percent(run.accuracy.value)} of cases ({percent(low)} to "
            f"{percent(high)}) where the best guess gets {guess}"
        )
    return f"it is not shown to be better than the best guess, {guess}"


def _same(run: Measured) -> str:
    result = run.agreement.result
    if result is None:
        return ""
    if result.exact:
        return "it is spike for spike the network that was trained"
    return f"it differs from what was trained in {result.differing:,} places"


def _fitting(run: Measured) -> str:
    fit = run.chip.fit
    if not fit["fits"]:
        return f"it does not fit on one {run.chip.title}"
    cores = f"{fit['cores']:,} of {fit['cores_per_chip']:,} cores"
    return f"it takes {cores} of {run.chip.title}"


def _cheap(run: Measured) -> str:
    proxy = run.cost["proxies"].get(run.device)
    if proxy is None or not proxy["total"] or not proxy["ann"]["dense_j"]:
        return ""
    causes = {name: each["per_sample_j"] for name, each in proxy["per_cause"].items()}
    largest = max(causes, key=lambda name: causes[name])
    ratio = times(proxy["total"], proxy["ann"]["dense_j"])
    of = "as the equal ANN" if ratio.endswith("as much") else "what the equal ANN does"
    if ratio.startswith("1/"):
        ratio = ratio.removesuffix(" of that") + " of"
    part = percent(causes[largest] / proxy["total"], 0)
    return f"by the energy proxy it costs {ratio} {of}, with {part} of it in {NAMES[largest]}"


def figures(run: Measured) -> list[Figure]:
    """The numbers below the headline."""
    found = []
    if run.accuracy is not None:
        low, high = run.accuracy.interval
        found.append(
            Figure(
                label="class accuracy, deployed",
                value=percent(run.accuracy.value),
                note=f"95 % interval {percent(low)} to {percent(high)}; "
                f"guessing gets {percent(run.accuracy.guess, 0)}",
            )
        )
    if run.reconstruction is not None:
        found.append(
            Figure(
                label="squared error of a pixel",
                value=f"{run.reconstruction.by_step[-1]:.4f}",
                note=f"always the mean image: {run.reconstruction.blind:.4f}",
            )
        )
    proxy = run.cost["proxies"].get(run.device)
    if proxy is not None:
        found.append(
            Figure(
                label=f"energy proxy a sample, {run.device}",
                value=f"{microjoules(proxy['total'])} µJ",
                note=f"of it on the chip {microjoules(proxy['chip'] + proxy['traffic'])} µJ; "
                f"equal ANN {microjoules(proxy['ann']['dense_j'])} µJ. Not measured",
            )
        )
    found.append(
        Figure(
            label="spikes a sample",
            value=f"{sum(layer.per_sample for layer in run.layers[1:]):,.0f}",
            note=f"of all layers; {run.layers[-1].per_sample:,.0f} of them reach the host",
        )
    )
    fit = run.chip.fit
    found.append(
        Figure(
            label=f"cores of {fit['chip']}",
            value=f"{fit['cores']:,}",
            note=f"{fit['cores_per_chip']:,} a chip; {'fits' if fit['fits'] else 'does not fit'}, "
            f"{fit['confidence']}",
        )
    )
    time = run.cost["latency"].get(run.device)
    if time is not None:
        found.append(
            Figure(
                label="time of a sample, modelled",
                value=f"{1e3 * time['sample_s']:.3g} ms",
                note=f"{run.steps} steps and {run.latency_steps} of latency, {time['basis']} times",
            )
        )
    return found
