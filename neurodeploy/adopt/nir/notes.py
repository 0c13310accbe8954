"""What is said of a NIR graph that became a network, each under a code that stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from neurodeploy.adopt.floats import FloatLayer
from neurodeploy.adopt.nir.profiles import Profile
from neurodeploy.netx.findings import Finding, FindingKind

NIR_NOTES: Mapping[str, FindingKind] = {
    "nir-reset": FindingKind("warning", False, "a graph cannot say that a reset subtracts"),
    "nir-several-spikes": FindingKind("warning", False, "a neuron may send several spikes a step"),
    "nir-tie": FindingKind("warning", False, "the tool spikes at its threshold, netx above it"),
    "nir-step": FindingKind("warning", False, "the step is not the one that was trained with"),
    "nir-settled-bias": FindingKind("warning", False, "a bias passed a filter"),
    "nir-host": FindingKind("warning", True, "the last nodes are left to the host"),
}
"""What each code means; ``exact`` is whether the network gives what the graph's author ran, but for
the rounding of floats and one step of latency a layer."""

_UNSAID: Mapping[str, tuple[str, str, str]] = {
    "nir-reset": (
        "neuron",
        "{name}'s neurons subtract their threshold after a spike, or reset a step late, unless "
        "they are told otherwise, and its graphs say a reset to 0 of all",
        "Train with a reset to 0 at once ({advice}); compare with `neurodeploy verify --against`",
    ),
    "nir-several-spikes": (
        "neuron",
        "{name}'s neurons send several spikes a step, unless they are told otherwise; netx one",
        "Train with SingleSpike; compare with `neurodeploy verify --against`",
    ),
    "nir-tie": (
        "threshold",
        "{name}'s neurons spike where the voltage reaches the threshold, those of netx above it",
        "It matters where the two are equal; compare with `neurodeploy verify --against`",
    ),
}


def notes_of(
    profile: Profile, dt_s: float | None, names: Sequence[str], layers: Sequence[FloatLayer]
) -> Iterator[Finding]:
    """What is to be said of a graph as a whole, and of its layers.

    Parameters
    ----------
    profile : Profile
        The tool that wrote it.
    dt_s : float, optional
        Seconds of a step that a person asked for.
    names : sequence of str
        What the layers are called.
    layers : sequence of FloatLayer
        What the graph has of them.
    """
    for code in profile.unsaid:
        field, *texts = _UNSAID[code]
        said = (text.format(name=profile.name, advice=profile.zero_reset) for text in texts)
        yield _note(code, names[0], field, *said)
    if None not in (dt_s, profile.dt_s) and dt_s != profile.dt_s:
        reason = f"{profile.name} writes time constants for steps of {profile.dt_s:g} s"
        remedy = f"Neurons do as they were trained with --dt {profile.dt_s:g}"
        yield _note("nir-step", names[0], "dt", reason, remedy)
    for name, layer in zip(names, layers, strict=True):
        if layer.current_bias is not None:
            how = "acts at once, as much as it does once the current settled"
            remedy = "Remove it before export, or compare with `neurodeploy verify --against`"
            yield _note("nir-settled-bias", name, "bias", f"the bias of {layer.name} {how}", remedy)


def host_note(names: Sequence[str], nodes: str) -> Finding:
    """That the last nodes are read on the host."""
    remedy = (
        "nd.convert(...).decoder(steps) reads the spikes, nd.convert(...).bundle(encoding) too."
    )
    reason = f"{nodes} send no spikes: a host decoder reads the layer"
    return _note("nir-host", names[-1], "output", reason, remedy)


def _note(code: str, layer: str, field: str, reason: str, remedy: str) -> Finding:
    return Finding.of(code, layer, field, reason, remedy, NIR_NOTES)
