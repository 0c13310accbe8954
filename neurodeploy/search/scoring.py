"""How good a setting of the levers is, what it would cost, and how many cores it takes.

Each setting runs on the native engine and is read by the bundle's own decoder, in integers and
tensors that are those of the bundle that would be deployed with it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import binomtest

from neurodeploy._io.documents import fitted
from neurodeploy._io.executor import HERE, Pool
from neurodeploy.cost.report import energy_proxies
from neurodeploy.deploy.bundle import Bundle, decode
from neurodeploy.deploy.manifest import require_decoder
from neurodeploy.deploy.parts import chip_part
from neurodeploy.engines.native import NativeEngine
from neurodeploy.errors import InputError, NetworkError, message
from neurodeploy.hardware.chips import Chip, find_chip
from neurodeploy.hardware.devices import Device, load_devices
from neurodeploy.hardware.placement import place
from neurodeploy.learn.threads import on_threads
from neurodeploy.model.decoder import MOST_DECODER_BITS, with_bits
from neurodeploy.model.eight_bits import eight_bit_decoder
from neurodeploy.netx.check import require_exact
from neurodeploy.netx.network import Network
from neurodeploy.search.compression import Levers, compress_network
from neurodeploy.search.pruning import rank_neurons

LABEL = "label"
"""The head whose accuracy is scored."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """Where a network would run.

    Parameters
    ----------
    device, host : Device
        Whose published energies price it and its decoder.
    chip : Chip
        Whose cores it is put into.
    """

    device: Device
    host: Device
    chip: Chip


@dataclass(frozen=True, kw_only=True)
class Score:
    """A network and its decoder on samples; energy and operations are those of one sample.

    Parameters
    ----------
    accuracy : float
        Share of right classes, over all encodings of all samples.
    samples : int
        Without their encodings: what an interval of the accuracy may count.
    chip_j, host_j : float
        Energy proxy of the chip, without traffic between cores, and of the decoder on its host.
    cores : int
        Of the chip.
    synops, effective_synops, spikes : float
        Synaptic operations, those of weights other than 0, and spikes of all layers.
    """

    accuracy: float
    samples: int
    chip_j: float
    host_j: float
    cores: int
    synops: float
    effective_synops: float
    spikes: float

    @property
    def interval(self) -> tuple[float, float]:
        """Between which the accuracy on all samples there are lies, 95 % of the time (Wilson)."""
        right = round(self.accuracy * self.samples)
        found = binomtest(right, self.samples).proportion_ci(method="wilson")
        return float(found.low), float(found.high)

    @property
    def energy_j(self) -> float:
        """Energy proxy of chip and host together."""
        return self.chip_j + self.host_j

    @property
    def objectives(self) -> tuple[float, float, int, float]:
        """Energy proxies of chip and host, and cores, to be small; accuracy, to be large."""
        return self.chip_j, self.host_j, self.cores, self.accuracy

    def to_dict(self) -> dict[str, Any]:
        """A mapping for JSON, the sum of the energies with it."""
        return {**asdict(self), "energy_j": self.energy_j}

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any]) -> Score:
        """Read back `to_dict`."""
        return fitted(mapping, "score", cls)


def find_target(
    device: str, chip: str, devices: Path | None = None, chips: Path | None = None
) -> Target:
    """A device and a chip by name, of the package's tables or a person's own over them.

    Raises
    ------
    InputError
        There is no such device with figures for spikes, or no such chip.
    FileFormatError
        A table is not valid.
    """
    table = load_devices(devices)
    spiking = [name for name, each in table.items() if each.spiking]
    if device not in spiking:
        raise InputError(message("device", f"one of {', '.join(spiking)}", device))
    chosen = table[device]
    return Target(device=chosen, host=table[chosen.host], chip=find_chip(chip, chips))


def prepare(bundle: Bundle, spikes: np.ndarray) -> Bundle:
    """The same bundle with its hidden neurons in the order of their worth in a run.

    Parameters
    ----------
    bundle : Bundle
    spikes : uint8 array [sample, *features, time]
        Input of the run; not of the test set.

    Raises
    ------
    InputError
        There is no decoder, or it has no head ``label``.
    NetworkError
        Lava would not run the network as it is written.
    """
    require_exact(bundle.network)
    heads = require_decoder(bundle.decoder).config.heads
    if LABEL not in heads:
        found = sorted(heads)
        raise InputError(message("heads of the decoder", f"{LABEL} among them", found))
    with NativeEngine(bundle.network) as engine:
        sent = engine.run_batch(spikes).layers
    often = [np.count_nonzero(layer, axis=(0, -1)) for layer in sent]
    return replace(bundle, network=rank_neurons(bundle.network, often), encoder=None)


def with_levers(bundle: Bundle, levers: Levers) -> Bundle:
    """The bundle that is scored, and deployed, with a setting of the levers.

    It is no longer what its encoder was exported as, and does not carry it.

    Raises
    ------
    InputError
        A lever is out of its range, or there is no decoder.
    """
    network = compress_network(bundle.network, levers)
    decoder = require_decoder(bundle.decoder)
    if levers.decoder_bits != decoder.config.bits:
        decoder = with_bits(decoder, levers.decoder_bits)
    notes = {**bundle.notes, "levers": levers.to_dict()}
    return replace(
        bundle, network=network, decoder=decoder, steps=levers.steps, encoder=None, notes=notes
    )


def _bits_of(bundle: Bundle, target: Target) -> int:
    """Bits of the decoder at rest: not more than its host multiplies, where it has such a form."""
    decoder = require_decoder(bundle.decoder)
    bits = decoder.config.bits
    if target.host.multiplies_integers and bits > MOST_DECODER_BITS:
        return bits if eight_bit_decoder(decoder) is None else MOST_DECODER_BITS
    return bits


class Scorer:
    """Scores settings of one bundle on the same samples.

    Parameters
    ----------
    bundle : Bundle
        From `prepare`.
    spikes : uint8 array [sample, *features, time]
        Input.
    labels : int array [sample]
        Classes.
    target : Target
        Where it would run.
    encodings : int
        How often each sample is among them.

    Where the host multiplies integers of 8 bits, so does the decoder that is scored, if it can:
    ``decoder_bits`` are those at rest.
    """

    def __init__(
        self,
        bundle: Bundle,
        spikes: np.ndarray,
        labels: np.ndarray,
        target: Target,
        *,
        encodings: int = 1,
    ) -> None:
        self.bundle, self.labels, self.target = bundle, labels, target
        self._samples = len(labels) // encodings
        self.spikes = chip_part(bundle).first_steps(spikes)
        self._cores: dict[Hashable, int] = {}
        self.decoder_bits = _bits_of(bundle, target)

    def __call__(self, levers: Levers) -> Score:
        """Score one setting, on one thread.

        Raises
        ------
        InputError
            A lever is out of its range.
        NetworkError
            The chip cannot hold the network.
        """
        bundle = with_levers(self.bundle, levers)
        with NativeEngine(bundle.network, threads=1) as engine:
            run = engine.run_batch(chip_part(bundle).first_steps(self.spikes))
        with torch.no_grad():
            logits = decode(bundle, torch.from_numpy(run.spikes))[LABEL]
        device, host = self.target.device, self.target.host
        table = {host.name: host, device.name: device}
        proxies = energy_proxies(bundle, run.counts, devices=table)
        layers, bill = run.counts.layers, proxies[device.name].bill
        return Score(
            accuracy=float((logits.argmax(1).numpy() == self.labels).mean()),
            samples=self._samples,
            chip_j=bill.chip + bill.traffic,
            host_j=bill.host,
            cores=self._place(bundle.network, levers),
            synops=float(sum(layer.synops.mean() for layer in layers)),
            effective_synops=float(sum(layer.effective_synops.mean() for layer in layers)),
            spikes=float(sum(layer.output_spikes.mean() for layer in layers)),
        )

    def all(self, settings: Sequence[Levers], pool: Pool = HERE) -> list[Score]:
        """Score settings wherever a pool works, in their order."""
        with on_threads(1):
            return pool.spread(self._each, settings)

    def _each(self, settings: Sequence[Levers]) -> list[Score]:
        with on_threads(1):
            return [self(levers) for levers in settings]

    def _place(self, network: Network, levers: Levers) -> int:
        """Cores of a network; they do not depend on steps, nor on thresholds unless equal."""
        thresholds = [
            0 if layer.neuron is None else layer.neuron.threshold for layer in network.layers
        ]
        key = (
            levers.dropped,
            levers.weight_bits,
            levers.pruned,
            *(thresholds.index(threshold) for threshold in thresholds),
        )
        if key not in self._cores:
            placement = place(network, self.target.chip)
            for finding in placement.findings:
                if finding.blocking:
                    raise NetworkError(str(finding))
            self._cores[key] = len(placement.cores)
        return self._cores[key]
