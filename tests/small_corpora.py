"""Small corpora in the layouts of the published ones, made here: tones, dots and stripes."""

from __future__ import annotations

import gzip
from pathlib import Path

import h5py
import numpy as np
from scipy.io import wavfile

DIGITS, SPEAKERS, TAKES = 3, ("ann", "bob"), 8


def write_spoken_digits(folder: Path) -> None:
    """Digit d is a tone that rises, stays or falls; ann's voice is higher than bob's."""
    folder.mkdir(parents=True)
    rate, seconds = 8000, 0.3
    t = np.arange(int(rate * seconds)) / rate
    for digit in range(DIGITS):
        for pitch, speaker in zip((700.0, 500.0), SPEAKERS, strict=True):
            for take in range(TAKES):
                rng = np.random.default_rng([digit, int(pitch), take])
                hertz = pitch * 3.0 ** ((1 - digit) * (t / seconds - 0.5))
                tone = 0.4 * np.sin(2 * np.pi * np.cumsum(hertz) / rate)
                heard = tone + 0.0005 * rng.standard_normal(len(t))
                pressure = (heard * 32767).astype(np.int16)
                wavfile.write(folder / f"{digit}_{speaker}_{take}.wav", rate, pressure)


def write_nmnist(folder: Path) -> None:
    """Digit d is a row of pixels that light up from the left or from the right."""
    for part, count in (("Train", 12), ("Test", 4)):
        for digit in range(2):
            (folder / part / str(digit)).mkdir(parents=True)
            for index in range(count):
                x = np.arange(20) if digit == 0 else np.arange(20)[::-1]
                t = (np.arange(20) + index) * 2000
                rows = [
                    bytes(
                        [each, 10 + index % 3, 128 | moment >> 16, moment >> 8 & 255, moment & 255]
                    )
                    for each, moment in zip(x.tolist(), t.tolist(), strict=True)
                ]
                path = folder / part / str(digit) / f"{index:05d}.bin"
                path.write_bytes(b"".join(rows))


def write_spiking_digits(folder: Path) -> None:
    """Label l is 40 channels from 100 (l + 1) on."""
    folder.mkdir(parents=True)
    for part, count in (("train", 20), ("test", 6)):
        with h5py.File(folder / f"shd_{part}.h5", "w") as file:
            labels = np.arange(count) % 3
            for name, kind in (("units", "u2"), ("times", "f2")):
                rows = file.create_dataset(
                    f"spikes/{name}", (count,), h5py.vlen_dtype(np.dtype(kind))
                )
                for place, label in enumerate(labels.tolist()):
                    values = 100 * (label + 1) + np.arange(40) if name == "units" else None
                    times = np.linspace(0, 0.19, 40) + place * 1e-4
                    rows[place] = (times if values is None else values).astype(kind)
            file["labels"] = labels.astype("u2")
            file["extra/speaker"] = (np.arange(count) % 4).astype("u2")


def write_idx_images(folder: Path) -> None:
    """Class 0 is bright on the left, class 1 on the right, 8 x 8 pixels."""
    folder.mkdir(parents=True)
    for part, count, pack in (("train", 60, gzip.compress), ("t10k", 20, bytes)):
        labels = (np.arange(count) % 2).astype(np.uint8)
        images = np.random.default_rng(count).integers(0, 60, (count, 8, 8)).astype(np.uint8)
        for image, label in zip(images, labels.tolist(), strict=True):
            image[:, 4 * label : 4 * label + 4] += 180
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            (folder / f"{part}-{name}-ubyte").write_bytes(pack(head + array.tobytes()))


WRITERS = {
    "fsdd": write_spoken_digits,
    "nmnist": write_nmnist,
    "shd": write_spiking_digits,
    "fashion": write_idx_images,
}


def write_all(root: Path) -> Path:
    """All of them below a folder."""
    for name, write in WRITERS.items():
        write(root / name)
    return root
