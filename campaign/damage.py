"""Files of a training and of a bundle, cut at every byte and with bits flipped: each is noticed.

Usage: python campaign/damage.py [--flips 1000]

A small model of digits is trained and exported. Every file is then cut to each shorter length, and
as many of its bits are flipped, one at a time; the door of that file must refuse it with our own
error. What was done is kept in runs/campaign/damage; start it again to go on. Exit code 1 if
anything else came out.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.progress import Progress

import neurodeploy as nd
from neurodeploy._io.files import atomic_path
from neurodeploy.deploy.bundle import load_bundle
from neurodeploy.deploy.packing import pack_bundle
from neurodeploy.errors import NeurodeployError
from neurodeploy.learn.checkpoint import load_training, model_notes
from neurodeploy.tasks.shipped import DIGITS

FOLDER = Path("runs/campaign/damage")
Door = Callable[[Path], object]


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
            f"{len(each['unnoticed'])} not noticed {each['unnoticed'][:5]}\n"
        )
    sys.exit(any(each["unnoticed"] for each in found))


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
    inside = dict.fromkeys(
        sorted(f"bundle/{path.name}" for path in (FOLDER / "bundle").iterdir()), opens_its_bundle
    )
    return {
        "train/last.safetensors": load_training,
        "train/best.safetensors": model_notes,
        "bundle.zip": load_bundle,
        **inside,
    }


def opens_its_bundle(path: Path) -> object:
    """Open the bundle that a file lies in."""
    return load_bundle(path.parent)


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
    door(path)
    unnoticed = []
    path.write_bytes(content)
    for size in range(len(content) - 1, -1, -1):
        with path.open("r+b") as file:
            file.truncate(size)
        if not refuses(door, path):
            unnoticed.append(f"cut to {size}")
    for at, changed in flipped(content, flips):
        path.write_bytes(changed)
        if not refuses(door, path):
            unnoticed.append(f"bit {at}")
    return {"file": name, "cuts": len(content), "flips": flips, "unnoticed": unnoticed}


def flipped(content: bytes, number: int) -> Iterator[tuple[int, bytes]]:
    """(which bit, the content with it flipped), so often."""
    chance = random.Random(len(content))
    for _ in range(number):
        bit = chance.randrange(8 * len(content))
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        yield bit, bytes(changed)


def refuses(door: Door, path: Path) -> bool:
    """Whether our own error comes out; any other one ends the run."""
    try:
        door(path)
    except NeurodeployError:
        return True
    return False


if __name__ == "__main__":
    main()
