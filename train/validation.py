"""Make the tables of docs/validation.md: predictions beside what others measured or simulated.

Usage: python train/validation.py      (from the repository; half a minute)

What was measured is in neurodeploy/hardware/measured.toml, with sources. SANA-FE is in the
environment of `make benchmark` only; elsewhere the script ends with an error that says so.
"""

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import published_networks as published
import sanafe_loihi

import neurodeploy as nd
from neurodeploy.experiments import fill

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGE = Path("docs/validation.md")
HARDWARE = Path(nd.__file__).parent / "hardware"
MEASURED: dict[str, Any] = tomllib.loads((HARDWARE / "measured.toml").read_text())
TIMES: dict[str, Any] = tomllib.loads((HARDWARE / "times.toml").read_text())

FROM_TABLES = {
    "pilotnet_lif_loihi2": "calibrated: the rule was inferred from this table",
    "pilotnet_sdnn_loihi2": "calibrated: the rule was inferred from this table",
    "oxford_loihi2": "calibrated: how a dense layer is cut was inferred from its words",
    "mnist_loihi2": "words of a core calibrated; cores and neurons of a part held back",
    "yolo_kp_loihi2": "calibrated: neurons of a core, halved channels and bits of weight",
}
"""Whether a printed placement says something of ours."""

EXPLAINED = 0.2
"""A difference up to here is not explained."""


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; all columns but the first and the last are numbers."""
    rules = ["---", *["---:"] * (len(head) - 2), "---"]
    lines = [head, rules, *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def off(predicted: float, measured: float) -> str:
    """How far a prediction is from what was measured."""
    return f"{round(100 * (predicted / measured - 1)):+d} %"


def layers_table(name: str, placement: nd.Placement) -> str:
    """Cores of each layer, printed and predicted."""
    printed = MEASURED[name]["partition"]
    rows = [
        (row["layer"], row["cores"], layer.cores, "" if row["cores"] == layer.cores else "differs")
        for row, layer in zip(printed, placement.layers, strict=True)
    ]
    rows.append(("all", MEASURED[name]["cores"], len(placement.cores), ""))
    return table(("layer", "cores printed", "predicted", ""), rows)


def placements_table(placements: Mapping[str, nd.Placement]) -> str:
    """Cores of each network, printed and predicted."""
    rows = []
    for name, placement in placements.items():
        printed = [row["cores"] for row in MEASURED[name]["partition"]]
        equal = sum(
            layer.cores == cores for layer, cores in zip(placement.layers, printed, strict=True)
        )
        numbers = MEASURED[name]["cores"], len(placement.cores), f"{equal} of {len(printed)}"
        undated = len(nd.place(placement.network, "loihi2").cores)
        rows.append((name, placement.chip.name, *numbers, FROM_TABLES[name], undated))
    said = "what that says", "as loihi2"
    return table(("network", "chip", "cores printed", "predicted", "layers equal", *said), rows)


def pilotnet_table(report: Mapping[str, Any], measured: Mapping[str, Any]) -> str:
    """Time and energy of an inference beside what was measured, with what a prediction rests on."""
    causes = report["proxies"]["loihi"]["causes"]
    dynamic_j = sum(causes[name] for name in ("synapses", "neurons", "traffic"))
    step_s = report["latency"]["loihi2"]["step_s"]
    inference_s = measured["steps_per_inference"] * step_s
    static_j = measured["static_power_w"] * inference_s
    least_s, most_s = (
        report["latency"]["loihi2"][name] for name in ("least_step_s", "peak_step_s")
    )
    board_s = 1 / measured["frames_per_s"]
    dynamic = measured["dynamic_energy_per_inference_j"]
    total = measured["total_energy_per_inference_j"]
    fitted, unfitted = (
        "calibrated: a factor on Loihi 1's times",
        "Loihi 1's figures, nothing fitted",
    )
    ends = "calibrated: the same factor, which was fitted to the mean alone"
    step_us = measured["time_per_step_us"]
    slow_us = 1e6 * step_s / TIMES["loihi2"]["scale"]
    rows = [
        ("mean time a step, us", step_us, slow_us, unfitted),
        ("the same", step_us, 1e6 * step_s, fitted),
        ("shortest step, us", measured["time_per_step_least_us"], 1e6 * least_s, ends),
        ("longest step, us", measured["time_per_step_most_us"], 1e6 * most_s, ends),
        (
            "longest over shortest",
            measured["time_per_step_most_us"] / measured["time_per_step_least_us"],
            most_s / least_s,
            "nothing fitted: a factor drops out",
        ),
        ("time an inference, ms", 1e3 * board_s, 1e3 * inference_s, fitted),
        ("dynamic energy, mJ", 1e3 * dynamic, 1e3 * dynamic_j, unfitted),
        (
            "total energy, mJ",
            1e3 * total,
            1e3 * (dynamic_j + static_j),
            "calibrated: measured static power, fitted time",
        ),
    ]
    return table(
        ("an inference", "measured", "predicted", "off", "what the prediction rests on"),
        [
            (name, f"{one:.3f}", f"{other:.3f}", off(other, one), why)
            for name, one, other, why in rows
        ],
    )


def energy_table(report: Mapping[str, Any]) -> str:
    """Predicted dynamic energy by what the chip does."""
    causes = report["proxies"]["loihi"]["causes"]
    rows = [(name, f"{1e3 * causes[name]:.3f}") for name in ("synapses", "neurons", "traffic")]
    return table(("predicted dynamic energy", "mJ"), rows)


@dataclass(frozen=True)
class Branch:
    """One branch of the scaled keyword spotter: layers of the same size, one after another."""

    layers: int
    neurons: int
    steps: int

    def energy_j(self, rate: float, device: nd.Device) -> float:
        """If each neuron spikes with a probability in a step."""
        synops = rate * self.layers * self.neurons**2 * self.steps
        updates = self.layers * self.neurons * self.steps
        neuron = device.constants["neuron_update"].value_j
        return synops * device.synapse.value_j + updates * neuron

    def rate_of(self, energy_j: float, device: nd.Device) -> float:
        """The probability that gives an energy."""
        silent, all_spike = self.energy_j(0, device), self.energy_j(1, device)
        return (energy_j - silent) / (all_spike - silent)


def keyword_table(measured: Mapping[str, Any], device: nd.Device) -> str:
    """The slope by branches: measured, and ours for any firing rate."""
    branch = Branch(
        layers=measured["layers_per_branch"],
        neurons=measured["neurons_per_layer"],
        steps=measured["steps_per_inference"],
    )
    slope = measured["energy_per_branch_j"]
    rows = [
        ("measured", "not published", f"{1e6 * slope:.1f}"),
        ("predicted, silent", "0", f"{1e6 * branch.energy_j(0, device):.1f}"),
        ("predicted, all spike in each step", "1", f"{1e6 * branch.energy_j(1, device):.1f}"),
        ("rate that gives what was measured", f"{branch.rate_of(slope, device):.3f}", ""),
    ]
    return table(("a branch", "spikes a neuron and step", "uJ an inference"), rows)


def oracle_networks() -> dict[str, tuple[nd.Network, np.ndarray]]:
    """A network for each form in which synapses are stored, and a sample of each.

    N-TIDIGITS of lava-dl without its last layer, and the first steps of its recorded sound; two
    with random weights and spikes, the first with a tenth of its synapses.
    """
    rng = np.random.default_rng(0)
    speech = nd.read_network(published.recorded("ntidigits") / "ntidigits.net")
    speech = nd.Network(input_shape=speech.input_shape, layers=speech.layers[:3])
    sound = np.load(published.recorded("ntidigits") / "input.npy")[None, :, :500]
    lif = nd.CubaNeuron(current_decay=2048, voltage_decay=410, threshold=300)
    weights = [2 * np.round(rng.normal(0, 12, shape)).astype(int) for shape in ((600, 784),)]
    weights.append(2 * np.round(rng.normal(0, 12, (256, 600))).astype(int))
    for weight in weights:
        weight[rng.random(weight.shape) < 0.9] = 0
    pruned = nd.Network(
        input_shape=(784,), layers=tuple(nd.Dense(weight=w, neuron=lif) for w in weights)
    )
    kernels = [2 * rng.integers(-20, 21, shape) for shape in ((8, 1, 3, 3), (16, 8, 3, 3))]
    image = nd.Network(
        input_shape=(1, 28, 28),
        layers=tuple(nd.Conv(weight=k, neuron=lif, stride=(2, 2), padding=(1, 1)) for k in kernels),
    )
    return {
        "dense": (
            speech,
            sound.astype(np.uint8),
        ),
        "sparse": (
            pruned,
            (rng.random((1, 784, 30)) < 0.1).astype(np.uint8),
        ),
        "shared": (
            image,
            (rng.random((1, 1, 28, 28, 30)) < 0.1).astype(np.uint8),
        ),
    }


def oracle_table(network: nd.Network, spikes: np.ndarray) -> str:
    """Energy of a sample by unit, ours and SANA-FE's, and why they differ."""
    run, placement = nd.simulate(network, spikes), nd.place(network, "loihi1")
    report = nd.cost_report(network, spikes, run, devices=nd.load_devices(), placement=placement)
    causes = report["proxies"]["loihi"]["causes"]
    theirs = sanafe_loihi.simulate(placement, spikes, run)
    layers = run.counts.totals()["layers"]
    updates = sum(layer["neuron_updates"] for layer in layers)
    sent = sum(layer["output_spikes"] for layer in layers)
    hops = report["traffic"]["hops_per_sample"]
    read = round(causes["synapses"] / nd.load_devices()["loihi"].synapse.value_j)
    each = 1e12 * theirs.energy_j["synapse"] / theirs.synops
    rows: list[tuple[str, float, float, str]] = [
        (
            "synapses",
            causes["synapses"],
            theirs.energy_j["synapse"],
            f"{read:,} operations at 23.6 pJ; there, {theirs.synops:,} at {each:.1f} pJ",
        ),
        (
            "neurons",
            causes["neurons"],
            theirs.energy_j["soma"],
            f"{updates:,} updates at 81 pJ; there, as many at 72.8 pJ, {sent:,} spikes at 69.3 pJ",
        ),
        (
            "traffic",
            causes["traffic"],
            theirs.energy_j["network"],
            f"{hops:,.0f} hops between cores; there, {theirs.messages:,} messages at 111 pJ and "
            f"{theirs.hops:,} hops between tiles",
        ),
    ]
    sums = [math.fsum(values) for values in list(zip(*rows, strict=True))[1:3]]
    rows.append(("all", sums[0], sums[1], "as above"))
    time = report["latency"]["loihi"]
    run_s, shares = time["step_s"] * spikes.shape[-1], time["shares"]
    arriving = shares["synapses"] + shares["messages"]
    overlapped = 1e6 * run_s * (1 - min(shares["neurons"], arriving))
    why = f"we add neurons to what arrives; if the longer hides the other, ours is {overlapped:.0f}"
    rows.append(("time", run_s, theirs.time_s, why))
    return table(
        ("uJ, and us", "ours", "SANA-FE", "off", "where more than 20 % is from"),
        [
            (name, f"{1e6 * ours:.3f}", f"{1e6 * its:.3f}", off(ours, its), _why(ours, its, why))
            for name, ours, its, why in rows
        ],
    )


def _why(ours: float, theirs: float, why: str) -> str:
    return why if abs(ours / theirs - 1) > EXPLAINED else ""


def tables() -> dict[str, str]:
    """All of docs/validation.md that is computed, by the name of its mark."""
    measured, devices = MEASURED["pilotnet_lif_loihi2"], nd.load_devices()
    placements = {
        name: nd.place(network(), MEASURED[name]["chip"])
        for name, network in published.PRINTED.items()
    }
    placement = placements["pilotnet_lif_loihi2"]
    network = placement.network
    frame = published.pilotnet_frame(network, measured["steps_per_inference"])
    run = nd.simulate(network, frame)
    report = nd.cost_report(network, frame, run, devices=devices, placement=placement)
    return {
        "pilotnet-cores": layers_table("pilotnet_lif_loihi2", placement),
        "pilotnet": pilotnet_table(report, measured),
        "pilotnet-energy": energy_table(report),
        "placements": placements_table(placements),
        "keyword-spotter": keyword_table(MEASURED["keyword_spotter_loihi1"], devices["loihi"]),
        **{
            f"sanafe-{form}": oracle_table(network, spikes)
            for form, (network, spikes) in oracle_networks().items()
        },
    }


def main() -> None:
    """Fill the page."""
    if find_spec("sanafe") is None:
        sys.exit("train/validation.py: expected SANA-FE, found none. Run it in .venv-benchmark")
    filled = tables()
    fill(PAGE, filled)
    print(f"{len(filled)} tables in {PAGE}")


if __name__ == "__main__":
    main()
