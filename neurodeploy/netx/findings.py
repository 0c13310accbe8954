"""Everything that `neurodeploy.netx.check` can find, each under a code that stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class FindingKind:
    """What all findings with one code have in common.

    ``severity`` is ``error``, if netx or Lava would fail, or ``warning``. ``exact`` is whether
    Lava's simulator still runs the network as it is written.
    """

    severity: str
    exact: bool
    meaning: str


FINDING_KINDS: Mapping[str, FindingKind] = {
    "average-layer": FindingKind("error", False, "netx has no layer that averages"),
    "late-input": FindingKind("error", False, "an input layer stands behind other layers"),
    "input-axes": FindingKind("error", False, "netx cannot flatten the shape of the input"),
    "sigma-bias": FindingKind("error", False, "a layer that sends its sum has a bias"),
    "recurrent-delay": FindingKind("error", False, "a recurrent layer has delays"),
    "unscalable-weight": FindingKind("error", False, "netx cannot scale a matrix to 8 bits"),
    "changed-weight": FindingKind("warning", False, "netx changes weights"),
    "recurrent-ones": FindingKind("warning", False, "Lava reads graded recurrent spikes as ones"),
    "changed-decay": FindingKind("warning", False, "netx changes decays of resonators"),
    "clamped-delay": FindingKind("warning", False, "netx shortens delays"),
    "ignored-delay": FindingKind("warning", False, "Lava ignores the delays of a convolution"),
    "ignored-field": FindingKind("warning", False, "a field of the file is not run"),
    "wrapped-bias": FindingKind("warning", False, "a bias wraps in Lava's 16 bits"),
    "wrapping-current": FindingKind(
        "warning", True, "a current may wrap at 24 bits, which SLAYER does not model"
    ),
    "training-field": FindingKind("warning", True, "a field of the file only shapes training"),
    "no-neuron": FindingKind("warning", True, "the file describes no neurons of a layer"),
    "silent-layer": FindingKind("warning", True, "no neuron of a layer can reach its threshold"),
    "short-sample": FindingKind("warning", True, "samples are not longer than the latency"),
    "slayer-bias": FindingKind("warning", True, "SLAYER's forward lets a bias act a step less"),
    "slayer-input": FindingKind("warning", True, "SLAYER's forward reads a signal differently"),
    "chip-threshold": FindingKind("warning", True, "a threshold is beyond the chip's 17 bits"),
    "chip-bias": FindingKind("warning", True, "a bias is beyond the chip's 13 bits"),
    "chip-kernel": FindingKind("warning", True, "a kernel is beyond the chip's 8 bits and sign"),
}
"""What each code means."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a person should know before deploying.

    Parameters
    ----------
    code : str
        One of `FINDING_KINDS`.
    severity : str
        ``error``, if netx or Lava would fail, or ``warning``.
    layer, field : str
        Where.
    exact : bool
        Whether Lava's simulator still runs the network as it is written.
    reason, remedy : str
        For a person.
    """

    code: str
    severity: str
    layer: str
    field: str
    exact: bool
    reason: str
    remedy: str

    @classmethod
    def of(
        cls,
        code: str,
        layer: str,
        field: str,
        reason: str,
        remedy: str,
        kinds: Mapping[str, FindingKind] = FINDING_KINDS,
    ) -> Finding:
        """A finding of a known kind."""
        kind = kinds[code]
        return cls(
            code=code,
            severity=kind.severity,
            layer=layer,
            field=field,
            exact=kind.exact,
            reason=reason,
            remedy=remedy,
        )

    def __str__(self) -> str:
        return f"{self.severity}: layer {self.layer}, {self.field}: {self.reason}. {self.remedy}"
