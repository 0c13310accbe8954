"""Mutants of HDF5 files that HDF5 itself finds good."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np


def hdf5_wise(content: bytes, rng: np.random.Generator) -> bytes:
    """One to three datasets or groups replaced, taken out, renamed, linked or given attributes."""
    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "mutant.h5"
        path.write_bytes(content)
        with h5py.File(path, "a") as file:
            for _ in range(int(rng.integers(1, 4))):
                names: list[str] = []
                file.visit(names.append)
                if names:
                    _change(file, names[int(rng.integers(0, len(names)))], names, rng)
        return path.read_bytes()


def _change(file: h5py.File, name: str, names: list[str], rng: np.random.Generator) -> None:
    match int(rng.integers(0, 8)):
        case 0:
            del file[name]
        case 1:
            file.move(name, f"{name}x")
        case 2:
            other = names[int(rng.integers(0, len(names)))]
            del file[name]
            file[name] = h5py.SoftLink(f"/{other}")
        case 3:
            del file[name]
            file[name] = h5py.ExternalLink("/etc/passwd", "/")
        case 4:
            file[name].attrs["note"] = _value(rng)
        case 5 if isinstance(file[name], h5py.Dataset) and file[name].shape:
            values = file[name][()]
            del file[name]
            whole = np.resize(values, tuple(max(1, size + 1) for size in np.shape(values)))
            file.create_dataset(name, data=whole, chunks=True, compression="gzip", shuffle=True)
        case 6 if isinstance(file[name], h5py.Dataset):
            values = file[name][()]
            del file[name]
            file.create_dataset(name, data=values, maxshape=None)
        case _:
            del file[name]
            _create(file, name, rng)


def _create(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    if rng.random() < 0.15:
        shape = ((1 << 40,), (1 << 20, 1 << 20), (0, 5), (3, 0))[int(rng.integers(0, 4))]
        file.create_dataset(name, shape, "i1", chunks=tuple(min(each, 64) or 1 for each in shape))
    elif rng.random() < 0.1:
        file.create_group(name)
    else:
        file[name] = _value(rng)


def _value(rng: np.random.Generator) -> Any:
    extremes = (-(2**63), -(2**31), -1, 0, 1, 4097, 2**31 - 1, 2**63 - 1)
    options = (
        lambda: int(extremes[int(rng.integers(0, len(extremes)))]),
        lambda: float(rng.choice([np.nan, np.inf, -0.0, 1e308, 0.5])),
        lambda: str(rng.choice(["", "CUBA", "dense", "conv", "input", "\x1b[2J", "x" * 5000])),
        lambda: rng.integers(-300, 300, (int(rng.integers(0, 9)), int(rng.integers(0, 9)))),
        lambda: rng.normal(size=int(rng.integers(0, 20))).astype(np.float32),
        lambda: np.array([True, False]),
        lambda: np.array([b"abc", b""]),
        lambda: np.zeros((2,) * int(rng.integers(1, 11)), np.int8),
        lambda: np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        lambda: np.array([1 + 2j]),
    )
    return options[int(rng.integers(0, len(options)))]()
