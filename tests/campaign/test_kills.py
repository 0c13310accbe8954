"""When a process is killed, and what the record says of it."""

from __future__ import annotations

import random
from pathlib import Path

from kills import COMPARED, PROCESSES, kill, report

from neurodeploy._io.files import atomic_path


def write_for_ever(path: Path) -> None:
    while True:
        with atomic_path(path) as draft:
            draft.write_bytes(bytes(1 << 20))


def test_some_die_with_a_file_in_hand(tmp_path: Path) -> None:
    said = set()
    for number in range(20):
        process = PROCESSES.Process(target=write_for_ever, args=(tmp_path / "file",))
        process.start()
        said.add(kill(process, tmp_path, random.Random(number), 0.1))
        assert process.exitcode == -9
        if "with file in hand" in said:
            break
    assert "with file in hand" in said


def test_litter_and_what_differs_are_findings() -> None:
    right = {"kills": ["between files"], "exit_code": 0, "equal": [*COMPARED], "litter": []}
    assert report([right, right])
    assert not report([right, {**right, "litter": [".best"]}])
    assert not report([{**right, "equal": []}])
    assert not report([{**right, "exit_code": 1}])
