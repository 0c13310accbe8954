"""A training killed with SIGKILL again and again ends with the weights of one that never was.

Usage: python campaign/kills.py [--kills 100]

`neurodeploy train digits` runs in a process that is killed, half of the times at any moment, half
of the times while it has a file in hand, and is started again until it ends. Then its checkpoints
are compared with those of a straight run byte by byte, its history line by line, and its folder
file by file. What was done is kept in runs/campaign/kills; start it again to go on. Exit code 1 if
anything differs.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import sys
import time
from collections import Counter
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from neurodeploy._io.files import atomic_path

FOLDER = Path("runs/campaign/kills")
RECORD = FOLDER / "kills.json"
EPOCHS = 30
LONGEST_S = 600.0
COMPARED = ("best.safetensors", "last.safetensors", "metrics.jsonl")
PROCESSES = multiprocessing.get_context("forkserver")


def main() -> None:
    """Kill as often as it takes, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    wanted = parser.parse_args().kills
    PROCESSES.set_forkserver_preload(["neurodeploy.tasks", "neurodeploy.cli.main"])
    FOLDER.mkdir(parents=True, exist_ok=True)
    straight = FOLDER / "straight"
    began = time.monotonic()
    if not (straight / "best.safetensors").exists():
        process = started(straight)
        process.join(LONGEST_S)
        assert process.exitcode == 0, process.exitcode
    lasts_s = time.monotonic() - began
    done: list[dict[str, Any]] = json.loads(RECORD.read_text()) if RECORD.exists() else []
    while sum(len(each["kills"]) for each in done) < wanted:
        left = wanted - sum(len(each["kills"]) for each in done)
        done.append(one_training(len(done), straight, min(left, 10), max(lasts_s, 2.0)))
        with atomic_path(RECORD) as draft:
            draft.write_text(json.dumps(done, indent=1) + "\n")
    sys.exit(0 if report(done) else 1)


def one_training(number: int, straight: Path, kills: int, lasts_s: float) -> dict[str, Any]:
    """Train, killed so many times, and compare."""
    chance = random.Random(number)
    folder = FOLDER / str(number)
    shutil.rmtree(folder, ignore_errors=True)
    seen: list[str] = []
    while len(seen) < kills:
        process = started(folder)
        killed = kill(process, folder, chance, lasts_s / 3)
        if process.exitcode == 0:
            break  # it ended before
        seen.append(killed)
    last = started(folder)
    last.join(LONGEST_S)
    names = {path.name for path in folder.iterdir() if "tfevents" not in path.name}
    same = [name for name in COMPARED if equal(folder / name, straight / name)]
    return {
        "kills": seen,
        "exit_code": last.exitcode,
        "equal": same,
        "litter": sorted(names - set(COMPARED)),
    }


def started(folder: Path) -> BaseProcess:
    """A process that trains, or goes on with it."""
    process = PROCESSES.Process(target=train, args=(folder,))
    process.start()
    return process


def train(folder: Path) -> None:
    """`neurodeploy train`, with its lines into a file."""
    from neurodeploy.cli.main import main as command

    with (FOLDER / "train.log").open("a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        sys.argv = ["neurodeploy", "train", "digits", "--epochs", str(EPOCHS)]
        sys.argv += ["--threads", "1", "--out", str(folder)]
        command()


def kill(process: BaseProcess, folder: Path, chance: random.Random, within_s: float) -> str:
    """Kill a process at any moment, or while it writes; say which it was."""
    writing = chance.random() < 0.5
    ends = time.monotonic() + chance.uniform(0, within_s)
    while process.is_alive() and (time.monotonic() < ends or (writing and not drafts(folder))):
        time.sleep(0.0002)
    found = drafts(folder)
    process.kill()
    process.join()
    return f"with {found[0]} in hand" if found else "between files"


def drafts(folder: Path) -> list[str]:
    """What is being written now."""
    with suppress(OSError):
        return [path.name.split(".")[1] for path in folder.glob(".*")]
    return []


def equal(found: Path, expected: Path) -> bool:
    """Whether two files are the same."""
    return found.exists() and found.read_bytes() == expected.read_bytes()


def report(done: list[dict[str, Any]]) -> bool:
    """Say how it went; whether all was as it should be."""
    kills = Counter(kill for each in done for kill in each["kills"])
    right = [
        each
        for each in done
        if each["exit_code"] == 0 and each["equal"] == [*COMPARED] and not each["litter"]
    ]
    sys.stdout.write(f"{kills.total()} kills of {len(done)} trainings: {dict(kills)}\n")
    sys.stdout.write(f"{len(right)} of {len(done)} ended as a straight one, and left nothing\n")
    return len(right) == len(done)


if __name__ == "__main__":
    main()
