"""What is said of a SLAYER module that became a network, each under a code that stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from neurodeploy.netx.findings import Finding, FindingKind

SLAYER_NOTES: Mapping[str, FindingKind] = {
    "bias-step": FindingKind("warning", False, "a bias acts one step more than in SLAYER"),
    "delayed-bias": FindingKind("warning", False, "the bias of a delayed layer is not delayed"),
    "moved-delay": FindingKind("warning", True, "delays went to the synapses of the next layer"),
    "folded-scale": FindingKind("warning", True, "a norm's scale was folded exactly"),
    "rounded-scale": FindingKind("warning", False, "a norm's scale was folded, with rounding"),
    "rounded-weight": FindingKind("warning", False, "weights were rounded to whole numbers"),
    "rounded-bias": FindingKind("warning", False, "a bias was rounded to a whole number"),
    "rounded-threshold": FindingKind("warning", False, "a threshold was cut to a whole number"),
    "rounded-signal": FindingKind("warning", False, "SLAYER rounds the signal to 1/32"),
    "scale-not-power": FindingKind("warning", False, "SLAYER's floats do not hold this scale"),
    "threshold-tie": FindingKind("warning", False, "SLAYER spikes at a threshold of 64 or more"),
    "decay-axis": FindingKind("warning", False, "SLAYER lays decays along width on a CPU"),
    "resonator-decay": FindingKind("warning", False, "netx changes a decay of resonators"),
    "resonator-reset": FindingKind("warning", False, "a reset in floats, and in integers"),
    "step-added": FindingKind("warning", True, "the layer answers one step later"),
    "step-removed": FindingKind("warning", True, "the layer answers one step earlier"),
    "voltage-output": FindingKind("warning", False, "the output is a voltage, read by a probe"),
    "host-average": FindingKind("warning", False, "the average is left to the host"),
    "graded-units": FindingKind("warning", True, "graded spikes are whole numbers"),
    "persistent-state": FindingKind("warning", True, "the module goes on where it stopped"),
    "own-forward": FindingKind("warning", False, "a block has a forward of its own"),
    "compared": FindingKind("warning", True, "the module was run beside the network"),
    "differs": FindingKind("warning", False, "spikes differ from those of the module"),
}
"""What each code means; ``exact`` is whether the network gives what the module gives, but for a
shift of its output in time."""


class Notes:
    """Collects what is said of each layer while a module is read, in order."""

    def __init__(self) -> None:
        self._said: list[tuple[int, str, str, str, str]] = []
        self.layer = 0

    def say(self, code: str, field: str, reason: str, remedy: str) -> None:
        """Note something of the layer that is being read."""
        self._said.append((self.layer, code, field, reason, remedy))

    def findings(self, names: Sequence[str]) -> tuple[Finding, ...]:
        """All of them, with the names of layers."""
        return tuple(
            Finding.of(code, names[min(layer, len(names) - 1)], field, reason, remedy, SLAYER_NOTES)
            for layer, code, field, reason, remedy in self._said
        )
