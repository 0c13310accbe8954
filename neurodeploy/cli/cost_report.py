"""The report of `neurodeploy.cost.report` as a person reads it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from neurodeploy.cli.app import counted, out, print_layers, print_table
from neurodeploy.cli.measured_report import MEASURED_HEADS, measured_rows
from neurodeploy.cost.energy import CAUSES
from neurodeploy.cost.verdict import NOT_COUNTED, microjoules, traffic_microjoules


def print_costs(report: Mapping[str, Any]) -> None:
    """Counts, metrics, proxies by device, cause and layer, the equal ANN, what was measured beside
    them, and what is assumed.
    """
    print_layers(dict(report))
    _print_metrics(report)
    heads = [name.replace("_", " ") for name in report["proxies"]]
    title = "energy proxy, microjoules a sample"
    print_table(title, ("", *heads), _cause_rows(report["proxies"].values()))
    print_table("by layer, mean", ("layer", *heads), _layer_rows(report["proxies"].values()))
    _print_bills(report)
    for name, each in report["measured"].items():
        title = f"measured: {name}, {counted(each['samples'], 'sample')} on {each['chip']}"
        print_table(title, MEASURED_HEADS, measured_rows(each))
        out().print(f"Source of {name}: {each['source']}", markup=False, highlight=False)
    for line in _lines(report):
        out().print(line, highlight=False)
    for assumption in report["assumptions"]:
        out().print(f"* {assumption}", highlight=False, style="dim")


def _print_metrics(report: Mapping[str, Any]) -> None:
    """Footprint, activation and connection sparsity, effective and dense operations, updates."""
    whole, samples = report["metrics"], report["samples"]
    operations = ("effective_acs", "effective_macs", "dense_synops")
    rows = [
        (layer["name"], *_shares(layer), *(_short(layer[each] / samples) for each in operations))
        for layer in report["layers"]
    ]
    sums = whole["synaptic_operations"]
    means = (_short(sums[each]) for each in ("effective_acs", "effective_macs", "dense"))
    rows.append(("network", *_shares(whole), *means))
    heads = ["layer", "KiB", "no spike", "weight 0", "ACs", "MACs", "dense"]
    if "membrane_updates" in whole:
        heads.append("updates")
        updates = [layer["membrane_updates"] / samples for layer in report["layers"]]
        updates.append(whole["membrane_updates"])
        rows = [(*row, _short(each)) for row, each in zip(rows, updates, strict=True)]
    print_table("as NeuroBench counts, operations a sample", heads, rows)


def _shares(entry: Mapping[str, Any]) -> tuple[str, ...]:
    sparsities = (entry["activation_sparsity"], entry["connection_sparsity"])
    return (
        f"{entry['footprint_bytes'] / 1024:,.1f}",
        *("" if share is None else f"{share:.1%}" for share in sparsities),
    )


def _cause_rows(proxies: Collection[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Mean, spread and worst of a sample; then the mean by cause, of those that cost anything."""
    rows = [
        (name, *(microjoules(proxy[key]) for proxy in proxies))
        for name, key in (("mean", "per_sample_j"), ("spread", "spread_j"), ("worst", "worst_j"))
    ]
    for cause in CAUSES:
        found = [proxy["per_cause"].get(cause) for proxy in proxies]
        means = [None if each is None else each["per_sample_j"] for each in found]
        if any(means):
            cells = (NOT_COUNTED if each is None else microjoules(each) for each in means)
            rows.append((cause.replace("_", " "), *cells))
    return rows


def _layer_rows(proxies: Collection[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (same[0]["name"], *(microjoules(layer["per_sample_j"]) for layer in same))
        for same in zip(*(proxy["layers"] for proxy in proxies), strict=True)
    ]


def _print_bills(report: Mapping[str, Any]) -> None:
    """Chip, traffic and host together, beside the equal ANN; dense, and where zeros are skipped."""
    rows = [
        (
            name.replace("_", " "),
            microjoules(proxy["chip"]),
            _with_hops(proxy),
            *(microjoules(proxy[part]) for part in ("host", "total")),
            microjoules(proxy["ann"]["dense_j"]),
            microjoules(proxy["zero_skipping"]["total"]),
            microjoules(proxy["ann"]["effective_j"]),
        )
        for name, proxy in report["proxies"].items()
    ]
    ann = report["ann"]
    title = (
        f"microjoules a sample, beside the equal ANN of {ann['dense_macs']:,} MACs; * without "
        f"products by 0, {ann['effective_macs']:,.0f} MACs"
    )
    heads = ("device", "chip", "traffic", "host", "sum", "ANN", "sum *", "ANN *")
    print_table(title, heads, rows)
    for proxy in report["proxies"].values():
        out().print(proxy["verdict"], highlight=False)


def _with_hops(proxy: Mapping[str, Any]) -> str:
    """Energy of the traffic, and the chip whose hops it is made of."""
    hops = "" if proxy["hops_of"] is None else f" ({proxy['hops_of']})"
    return f"{traffic_microjoules(proxy)}{hops}"


def _lines(report: Mapping[str, Any]) -> list[str]:
    said, time, flow = [], report["answer"], report["traffic"]
    rate = report["ann"]["synops_per_connection_step"]
    if rate is not None:
        said.append(
            f"Rate: {rate:.3g} spikes a connection and step. Break-even rate of its layers with "
            f"those of the dense ANN, decoders apart: {_break_even(report['proxies'])}."
        )
    if flow is not None:
        said.append(
            f"Traffic: {flow['hops_per_sample']:,.0f} hops a sample between the cores of "
            f"{flow['chip']}, {flow['cores']} used."
        )
    host = report["host"]
    if host["macs_per_sample"]:
        said.append(
            f"Decoder: {host['macs_per_sample']:,} MACs a sample, "
            f"{host['effective_macs_per_sample']:,.0f} of them not by 0, "
            f"{host['footprint_bytes'] / 1024:,.1f} KiB.{_in_eight_bits(host)}"
        )
    seconds = "" if time["seconds"] is None else f", {time['seconds']:.3g} s"
    said.append(
        f"Answer: after {time['sample_steps']} + {time['network_steps']} = {time['steps']} "
        f"steps{seconds}."
    )
    said += [_on_chip(name, each) for name, each in report["latency"].items()]
    return said


TIMES = {"simulated": "simulated times", "calibrated": "times fitted to one measured network"}
"""What a person reads for where times come from."""


def _on_chip(name: str, time: Mapping[str, Any]) -> str:
    """How long a step and a sample take, what of it takes longest, and its static energy."""
    share, both = time["shares"][time["bound_by"]], time["with_proxy_j"]
    if both is None:
        beside = f", which stands alone: no energy of an operation of {name} is published"
    else:
        beside = f", {microjoules(both)} uJ with its proxy"
    return (
        f"On {name}, by {TIMES[time['basis']]}: {1e6 * time['step_s']:.3g} us a step (longest "
        f"{1e6 * time['peak_step_s']:.3g}), {1e3 * time['sample_s']:.3g} ms a sample, "
        f"{time['throughput_per_s']:,.0f} samples a second; {share:.0%} of a step is "
        f"{time['bound_by']}. Static {microjoules(time['static_j'])} uJ a sample{beside}. Most "
        f"spikes of a step, which the host's link must carry: {time['peak_in']:,} in, "
        f"{time['peak_out']:,} out."
    )


def _break_even(proxies: Mapping[str, Any]) -> str:
    """The break-even rate of each device that has one."""
    rates = {name: proxy["ann"]["break_even_rate"] for name, proxy in proxies.items()}
    said = [f"{rate:.3g} ({name})" for name, rate in rates.items() if rate is not None]
    return ", ".join(said) or "at no rate"


def _in_eight_bits(host: Mapping[str, Any]) -> str:
    """What rounding changes in the answers of each head."""
    said = ", ".join(
        f"{head} by {each['error']:.2%}, its largest output in {1 - each['same']:.1%} of samples"
        for head, each in host["eight_bits"].items()
    )
    return f" 8-bit integers change {said}." if said else " It has no form in 8-bit integers here."


def _short(number: float) -> str:
    """Three figures and k, M or G; small whole numbers as they are."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.0f}"
