"""Files of a training and of a bundle, cut at every byte and with bits flipped.

Usage: python campaign/damage.py [--flips 1000]

A small model of digits is trained and exported. Every file is then cut to each shorter length, and
as many of its bits are flipped, one at a time; the door of that file must refuse it with our own
error, or read what it reads of the whole file. What was done is kept in runs/campaign/damage; start
it again to go on. Exit code 1 if anything else came out.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from rich.progress import Progress

import neurodeploy as nd
from neurodeploy._io.files import atomic_path
from neurodeploy._io.tensors import load_tensors
from neurodeploy.deploy.packing import pack_bundle
from neurodeploy.errors import NeurodeployError
from neurodeploy.learn.checkpoint import load_training
from neurodeploy.tasks.shipped import DIGITS

FOLDER = Path("runs/campaign/damage")
Door = Callable[[Path], bytes]
"""Opens a file; what it reads, as bytes."""

REFUSED, SAME, OTHER = "refused", "read as the whole one", "read as another one"


def main() -> None:
    """Damage what was not damaged yet, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flips", type=int, default=1000)
    flips = parser.parse_args().flips
    if not (FOLDER / "bundle.zip").exists():
        make()
    found = [kept(name, flips) for name in doors()]
    for each in found:
        sys.stdout.write(
            f"{each['file']}: {each['cuts']:,} cuts, {each['flips']:,} flipped bits, "
            f"of them {each[SAME]} read as the whole one, {each[OTHER]} as another one\n"
        )
    sys.exit(any(each[OTHER] for each in found))


def make() -> None:
    """Train a small model for an epoch, save its bundle, pack that."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    training = dataclasses.replace(DIGITS.training, epochs=1)
    task = dataclasses.replace(
        DIGITS, hidden=(8,), readout=4, decoder="linear", heads=("label",), training=training
    )
    splits = task.splits()
    model = nd.train_task(task, splits, FOLDER / "train", Progress(disable=True))
    nd.save_bundle(task.bundle(model), FOLDER / "bundle")
    pack_bundle(FOLDER / "bundle", FOLDER / "bundle.zip")


def doors() -> dict[str, Door]:
    """The files, and what opens each."""
    inside = [f"bundle/{path.name}" for path in sorted((FOLDER / "bundle").iterdir())]
    return {
        "train/last.safetensors": training,
        "train/best.safetensors": model,
        "bundle.zip": bundle,
        **dict.fromkeys(inside, bundle_around),
    }


def training(path: Path) -> bytes:
    """What resuming reads."""
    return as_bytes(*load_training(path))


def model(path: Path) -> bytes:
    """What is read of the best model."""
    return as_bytes(*load_tensors(path, "checkpoint"))


def as_bytes(tensors: dict[str, torch.Tensor], notes: dict[str, Any]) -> bytes:
    """Tensors and notes, to be compared."""
    named = (name.encode() + tensor.numpy().tobytes() for name, tensor in tensors.items())
    return b"".join(named) + repr(notes).encode()


def bundle(path: Path) -> bytes:
    """A bundle, as it is packed again."""
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        nd.save_bundle(nd.load_bundle(path), room / "again")
        pack_bundle(room / "again", room / "again.zip")
        return (room / "again.zip").read_bytes()


def bundle_around(path: Path) -> bytes:
    """The bundle that a file lies in."""
    return bundle(path.parent)


def kept(name: str, flips: int) -> dict[str, Any]:
    """What came of a file, from an earlier run or now."""
    record = FOLDER / "done" / f"{name.replace('/', '-')}-{flips}.json"
    if not record.exists():
        done = damaged(name, doors()[name], flips)
        with atomic_path(record) as draft:
            draft.write_text(json.dumps(done) + "\n")
    found: dict[str, Any] = json.loads(record.read_text())
    return found


def damaged(name: str, door: Door, flips: int) -> dict[str, Any]:
    """Cut and flip a copy of a file; what was not refused."""
    room = FOLDER / "damaged"
    shutil.rmtree(room, ignore_errors=True)
    shutil.copytree(FOLDER / Path(name).parent, room, ignore=shutil.ignore_patterns("damaged"))
    path = room / Path(name).name
    content = path.read_bytes()
    whole = door(path)
    counts = Counter({REFUSED: 0, SAME: 0, OTHER: 0})
    path.write_bytes(content)
    for size in range(len(content) - 1, -1, -1):
        with path.open("r+b") as file:
            file.truncate(size)
        counts[outcome(door, path, whole)] += 1
    for changed in flipped(content, flips):
        path.write_bytes(changed)
        counts[outcome(door, path, whole)] += 1
    return {"file": name, "cuts": len(content), "flips": flips, **counts}


def flipped(content: bytes, number: int) -> Iterator[bytes]:
    """The content with one bit flipped, so often."""
    chance = random.Random(len(content))
    for _ in range(number):
        bit = chance.randrange(8 * len(content))
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def outcome(door: Door, path: Path, whole: bytes) -> str:
    """What became of a damaged file; an error that is not ours ends the run."""
    try:
        return SAME if door(path) == whole else OTHER
    except NeurodeployError:
        return REFUSED


if __name__ == "__main__":
    main()
