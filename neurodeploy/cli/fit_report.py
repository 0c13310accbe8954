"""The report of a placement as a person reads it."""

from __future__ import annotations

from typing import Any

from neurodeploy.cli.app import counted
from neurodeploy.hardware.confidence import WORDS

RULES = {
    "compiler": "each layer in cores of its own, cut as Lava's compiler cut published networks",
    "packed": "layers may share a core, packed by neurodeploy; a compiler may take more",
}
"""What a person reads for how layers go to cores."""


def layer_rows(report: dict[str, Any]) -> list[tuple[str, ...]]:
    """Name, cores, neurons, axons in and out, KiB and how synapses lie, of each layer."""
    return [
        (
            layer["name"],
            *(f"{layer[key]:,}" for key in ("cores", "compartments", "input_axons")),
            f"{layer['output_axons']:,}",
            f"{layer['memory_bits'] / 8192:,.1f}",
            _lie(layer),
        )
        for layer in report["layers"]
    ]


def _lie(layer: dict[str, Any]) -> str:
    if not layer["synapses"]:
        return ""
    delay = f" + {layer['delay_bits']}" if layer["delay_bits"] else ""
    return f"{layer['storage']}, {layer['weight_bits']}{delay}"


def change_rows(changes: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Change, cores, chips, whether it then fits and how sure that is, of each change."""
    return [
        (
            change["change"],
            f"{change['cores']:,}",
            f"{change['chips']}",
            "yes" if change["fits"] else "no",
            change["confidence"],
        )
        for change in changes
    ]


def lines(report: dict[str, Any]) -> list[str]:
    """Cores and bound, use, traffic, shortage and findings; a sentence each."""
    said = []
    if report["cores"]:
        used = ", ".join(f"{WORDS[name]} {share:.0%}" for name, share in _by_share(report))
        flow = report["traffic"]
        said = [
            f"{counted(report['cores'], 'core')}, {report['cores_per_chip']} a chip; "
            f"{RULES[report['rule']]}. No packing can take fewer than {report['bound']:,}.",
            f"Mean use of a core: {used}. Tightest: {WORDS[report['tightest']]}.",
            f"Traffic, {flow['basis']}: {flow['messages']:,.0f} messages between cores, "
            f"{flow['hops']:,.0f} hops, {flow['chip_crossings']:,.0f} between chips.",
        ]
    said += [
        f"{WORDS[name]}: at least {times:.2f} times what a chip has."
        for name, times in report["shortage"].items()
    ]
    said += [f"layer {it['layer']}: {it['problem']}. {it['remedy']}" for it in report["findings"]]
    return said


def verdict(report: dict[str, Any]) -> list[str]:
    """Whether it fits, how sure that is, and from what."""
    said = ["It fits" if report["fits"] else "It does not fit on one chip"]
    doubts = [it for it in report["grounds"] if it["basis"] != "published"]
    if doubts:
        bases = " and ".join(dict.fromkeys(it["basis"] for it in doubts))
        said[0] += f", if what is {bases} holds:"
        said += _by_source(doubts)
    else:
        said[0] += "; all that was counted is published."
    limits = report["limits"]
    unknown = [WORDS[name] for name in report["unknown"] if name in limits]
    if unknown:
        said.append(f"Not known, so they limit nothing here: {', '.join(unknown)}.")
    return said


def _by_source(grounds: list[dict[str, Any]]) -> list[str]:
    """What rests on a source, in one line, with the value of each limit."""
    together: dict[tuple[str, str], list[str]] = {}
    for ground in grounds:
        value = "" if ground["value"] is None else f" ({ground['value']:,})"
        key = ground["basis"], ground["source"]
        together.setdefault(key, []).append(ground["what"] + value)
    return [
        f"- {', '.join(whats)}: {basis}; {source}." for (basis, source), whats in together.items()
    ]


def _by_share(report: dict[str, Any]) -> list[tuple[str, float]]:
    return sorted(report["utilisation"].items(), key=lambda used: -used[1])
