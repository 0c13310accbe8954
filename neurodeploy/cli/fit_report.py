"""The report of a placement as a person reads it."""

from __future__ import annotations

from typing import Any


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


def change_rows(report: dict[str, Any]) -> list[tuple[str, ...]]:
    """Change, cores, chips and whether it then fits, of each piece of advice."""
    return [
        (
            change["change"],
            f"{change['cores']:,}",
            f"{change['chips']}",
            "yes" if change["fits"] else "no",
        )
        for change in report["advice"]
    ]


def lines(report: dict[str, Any]) -> list[str]:
    """Cores and bound, use, traffic, what is not known, and findings; a sentence each."""
    said = []
    if report["cores"]:
        used = ", ".join(f"{name} {share:.0%}" for name, share in report["utilisation"].items())
        flow = report["traffic"]
        said = [
            f"{report['cores']:,} cores, {report['cores_per_chip']} a chip; no packing needs "
            f"fewer than {report['bound']:,}. Layers may share a core. "
            f"Tightest: {report['tightest']}.",
            f"Mean use of a core: {used}.",
            f"Traffic, {flow['basis']}: {flow['messages']:,.0f} messages between cores, "
            f"{flow['hops']:,.0f} hops, {flow['chip_crossings']:,.0f} between chips.",
        ]
    said += [
        f"{name}: at least {times:.2f} times what a chip has."
        for name, times in report["shortage"].items()
    ]
    said += [f"layer {it['layer']}: {it['problem']}. {it['remedy']}" for it in report["findings"]]
    if report["unknown"]:
        said.append(f"Not published, so not limiting: {', '.join(report['unknown'])}.")
    return said
