"""What is read, from which good files, by which door; each door is one that a person uses."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from good_networks import a_bundle, a_graph, networks
from hdf5_mutants import hdf5_wise
from mutants import Mutate, bytewise, header_wise, json_wise, npy_wise, toml_wise
from scipy.io import wavfile
from service import ask, body_wise, conversations, frame_wise, requests

import neurodeploy as nd
from neurodeploy._io.arrays import load_array
from neurodeploy._io.limits import Limits
from neurodeploy._io.tensors import save_tensors
from neurodeploy.deploy.bundle import decode, load_bundle, save_bundle
from neurodeploy.deploy.manifest import MANIFEST_FILE, self_checksum, sha256
from neurodeploy.deploy.packing import pack_bundle
from neurodeploy.hardware.chips import load_chips
from neurodeploy.hardware.devices import load_devices
from neurodeploy.hardware.measurements import load_measurements
from neurodeploy.hardware.names import CHIP_TABLE
from neurodeploy.hardware.times import load_times
from neurodeploy.learn.checkpoint import RESUMED, load_training
from neurodeploy.netx.write import write_network
from neurodeploy.search.points import load_points
from neurodeploy.signals.recordings import Grid, encoded
from neurodeploy.signals.sources.find import Reading, open_source

SMALL = Limits(memory_bytes=256 << 20, seconds=2.0)
MOST_PARAMETERS = 100_000


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A door.

    Parameters
    ----------
    seeds : sequence of bytes
        Good files.
    suffix : str
        Of their names.
    mutations : sequence of Mutate
        How they are changed, each as often.
    read : function of a path
        Opens the door, and does with what came in what a person would.
    """

    seeds: Sequence[bytes]
    suffix: str
    mutations: Sequence[Mutate]
    read: Callable[[Path], object]


def readers(room: Path) -> dict[str, Reader]:
    """All doors; ``room`` is a folder for the good files, and for what must lie beside a mutant."""
    bundle = room / "bundle"
    save_bundle(a_bundle(), bundle)
    tables = CHIP_TABLE.parent
    nets, graphs = [*_networks(room)], [_graph(room)]
    both = (bytewise, json_wise)
    return {
        "network": Reader(
            seeds=nets, suffix=".net", mutations=(bytewise, hdf5_wise, hdf5_wise), read=_network
        ),
        "NIR graph": Reader(
            seeds=graphs, suffix=".nir", mutations=(bytewise, hdf5_wise, hdf5_wise), read=_convert
        ),
        "manifest": _part(bundle, MANIFEST_FILE, both),
        "decoder": _part(bundle, "decoder.safetensors", (bytewise, header_wise)),
        "packed bundle": Reader(
            seeds=[_packed(bundle, room)], suffix=".zip", mutations=(bytewise,), read=_bundle
        ),
        "checkpoint": Reader(
            seeds=[_checkpoint(room)],
            suffix=".safetensors",
            mutations=(bytewise, header_wise),
            read=load_training,
        ),
        "points": Reader(seeds=[_points()], suffix=".json", mutations=both, read=load_points),
        "table of chips": _table(tables / "chips.toml", load_chips),
        "table of devices": _table(tables / "devices.toml", load_devices),
        "table of times": _table(tables / "times.toml", load_times),
        "measurements": Reader(
            seeds=[MEASURED],
            suffix=".toml",
            mutations=(bytewise, toml_wise),
            read=load_measurements,
        ),
        "array": Reader(
            seeds=[_npy(room)],
            suffix=".npy",
            mutations=(bytewise, npy_wise),
            read=partial(load_array, what="input"),
        ),
        "events, CSV": _events([CSV], ".csv"),
        "events, structured": _events([_structured(room)], ".npy", npy_wise),
        "events, N-MNIST": _events([bytes(range(200))], ".bin"),
        "images, IDX": _events([*_idx()], ".idx"),
        "sound, WAV": _events([_wav(room)], ".wav"),
        "service, HTTP": Reader(
            seeds=requests(), suffix=".http", mutations=(bytewise, body_wise), read=_request
        ),
        "service, WebSocket": Reader(
            seeds=conversations(), suffix=".ws", mutations=(bytewise, frame_wise), read=_request
        ),
        "spike trains, HDF5": _events([_trains(room)], ".h5", hdf5_wise),
    }


def _network(path: Path) -> None:
    network = nd.read_network(path, limits=SMALL)
    nd.check(network)
    if sum(layer.parameters for layer in network.layers) < MOST_PARAMETERS:
        nd.simulate(network, np.ones((1, *network.input_shape, 3), np.uint8))


def _convert(path: Path) -> None:
    nd.from_nir(path, dt_s=1e-4, limits=SMALL)


def _bundle(path: Path) -> None:
    import torch

    bundle = load_bundle(path, limits=SMALL)
    decode(bundle, torch.zeros(1, *bundle.network.output_shape, bundle.steps))


def _request(path: Path) -> None:
    ask(path.read_bytes())


def _part(bundle: Path, name: str, mutations: Sequence[Mutate]) -> Reader:
    """A file of a bundle whose checksums are those of the mutant, so that it is looked at."""

    def read(path: Path) -> None:
        folder = path.parent / "mutant-bundle"
        folder.mkdir(exist_ok=True)
        for file in bundle.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        (folder / name).write_bytes(path.read_bytes())
        manifest = folder / MANIFEST_FILE
        try:
            document = json.loads(manifest.read_text())
            if name != MANIFEST_FILE:
                document["decoder"]["sha256"] = sha256(folder / name)
            document["sha256"] = self_checksum(document)
            manifest.write_text(json.dumps(document))
        except (ValueError, TypeError, AttributeError, RecursionError):
            manifest.write_bytes(path.read_bytes())
        _bundle(folder)

    seeds = [(bundle / name).read_bytes()]
    return Reader(seeds=seeds, suffix=Path(name).suffix, mutations=mutations, read=read)


def _table(path: Path, read: Callable[[Path], object]) -> Reader:
    return Reader(
        seeds=[path.read_bytes()], suffix=".toml", mutations=(bytewise, toml_wise), read=read
    )


def _events(seeds: Sequence[bytes], suffix: str, *more: Mutate) -> Reader:
    def read(path: Path) -> None:
        reading = Reading(time_unit="us" if suffix in (".csv", ".npy") else None)
        recordings = open_source(path, reading, steps=5)
        for each in encoded(recordings, range(len(recordings.names)), Grid(steps=5, dt_s=0.01)):
            assert each.spikes.ndim >= 2

    return Reader(seeds=seeds, suffix=suffix, mutations=(bytewise, *more), read=read)


def _networks(room: Path) -> list[bytes]:
    found = []
    for place, network in enumerate(networks()):
        path = room / f"{place}.net"
        write_network(network, path)
        found.append(path.read_bytes())
    return found


def _graph(room: Path) -> bytes:
    a_graph(room / "graph.nir")
    return (room / "graph.nir").read_bytes()


def _packed(bundle: Path, room: Path) -> bytes:
    pack_bundle(bundle, room / "bundle.zip")
    return (room / "bundle.zip").read_bytes()


def _checkpoint(room: Path) -> bytes:
    import torch

    path = room / "checkpoint.safetensors"
    tensors = {"model.a": torch.arange(12.0), "optimizer.0.exp_avg": torch.zeros(3, 4)}
    save_tensors(path, tensors, {name: {"step": 40} for name in RESUMED})
    return path.read_bytes()


def _points() -> bytes:
    score = {
        **{"accuracy": 0.9, "chip_j": 1e-6, "host_j": 1e-7, "cores": 2},
        **{"interval": [0.8, 0.95], "energy_j": 1e-6},
    }
    point = {
        **{"model": "models/0", "parameters": {"beta": 0.1}, "levers": {"steps": 4}},
        **{"validation": score, "confirmed": score, "test": None},
    }
    return json.dumps({"schema_version": 3, "points": [point, point], "front": [point]}).encode()


def _npy(room: Path) -> bytes:
    np.save(room / "a.npy", np.eye(12, dtype=np.uint8).reshape(2, 6, 12))
    return (room / "a.npy").read_bytes()


def _structured(room: Path) -> bytes:
    events = np.zeros(30, dtype=[("x", "u2"), ("y", "u2"), ("p", "u1"), ("t", "i8")])
    events["x"], events["t"] = np.arange(30) % 7, np.arange(30) * 900
    np.save(room / "s.npy", events)
    return (room / "s.npy").read_bytes()


def _idx() -> tuple[bytes, bytes]:
    head = bytes([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5])
    plain = head + bytes(range(60))
    return plain, gzip.compress(plain, mtime=0)


def _wav(room: Path) -> bytes:
    pressure = (8000 * np.sin(np.arange(900) / 5)).astype(np.int16)
    wavfile.write(room / "a.wav", 8000, pressure)
    return (room / "a.wav").read_bytes()


def _trains(room: Path) -> bytes:
    import h5py

    with h5py.File(room / "t.h5", "w") as file:
        for name, kind in (("times", "f4"), ("units", "u2")):
            rows = file.create_dataset(f"spikes/{name}", (3,), h5py.vlen_dtype(np.dtype(kind)))
            for place in range(3):
                rows[place] = np.arange(5 + place, dtype=kind) / (1 if kind == "u2" else 100)
        file["labels"] = np.arange(3)
    return (room / "t.h5").read_bytes()


CSV = b"x,y,p,t\n" + b"".join(b"%d,%d,%d,%d\n" % (i % 7, i % 5, i % 2, 500 * i) for i in range(40))
MEASURED = b"""[board]
chip = "loihi2"
source = "nobody, never"
samples = 10
steps_per_sample = 16
cores = 3
step_s = 1e-4
power_w = 0.6
static_power_w = 0.2
energy_j = 1e-3

[board.activity]
syn_ops = [100, 0, 25]
spikes_in = [1, 2, 3]
"""
