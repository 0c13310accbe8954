"""What the report of a run assumes and leaves out, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurodeploy.hardware.devices import Device


def assumptions(report: Mapping[str, Any], devices: Mapping[str, Device]) -> list[str]:
    """What is assumed, and what is left out, a sentence or two each."""
    flow, priced = report["traffic"], report["proxies"]
    remembers = " and ".join(name for name in priced if devices[name].sram) or "no device"
    said = [
        "A proxy: operations counted in this run times published energies of one operation. "
        "Not a measurement.",
        "Left out: input and output, and static power, which is said with the time on a chip. "
        f"Memory is left out but for {remembers}, a model.",
        "Charged: every synapse of a spike that is stored, weights of 0 too where a layer takes "
        "less memory with them; every neuron in every step, also where nothing changes.",
    ]
    if flow is None:
        said.append("Traffic between cores is left out: no chip is given.")
    else:
        without = [name for name in priced if "hop" not in devices[name].constants]
        said.append(
            f"Traffic: hops between cores as `fit` places the layers on {flow['chip']}, the spikes "
            "of a layer spread evenly over its neurons; none from the input or to the host. Left "
            f"out, for want of a figure: {', '.join(without) or 'none'}."
        )
        other = [
            f"{name} prices them at figures of {devices[name].chip}"
            for name, proxy in priced.items()
            if proxy["hops_of"] and devices[name].chip not in (None, flow["chip"])
        ]
        if other:
            said.append(f"The hops are those of {flow['chip']}; {'; '.join(other)}.")
    own = ""
    if report["host"]["macs_per_sample"]:
        hosts = sorted({devices[name].host for name in priced})
        said.append(f"The decoder answers once a sample, on the device's host: {', '.join(hosts)}.")
        own = ", and a decoder of its own, of the same kind, that reads one value a readout neuron"
    else:
        said.append("No host: there is no decoder, and whatever else reads the spikes is left out.")
    said += [
        f"Equal ANN: the same layers once{own}; activation functions and biases are free. On a "
        "device without multipliers it runs on the host. Its zeros are estimated from this run: "
        "what sends nothing in a sample is an activation of 0. Decoder and ANN are priced at the "
        "same precision.",
        "Answer: every step of a sample, and one a layer of synapses; no delays.",
    ]
    return said
