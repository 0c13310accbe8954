"""Mutants are the same in every run, and of every kind that is promised."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hostile import READ, REFUSED, Reader, mutant, one
from mutants import bytewise, change_document, npy_wise, toml_wise
from run import planned
from shares import SHARES

from neurodeploy.errors import InputError


def test_a_mutant_is_the_same_for_the_same_number() -> None:
    reader = Reader(seeds=[b"abc" * 40], suffix=".x", mutations=(bytewise,), read=len)
    first = [mutant(reader, "a", index) for index in range(30)]
    assert first == [mutant(reader, "a", index) for index in range(30)]
    assert len({*first}) > 25
    assert first != [mutant(reader, "b", index) for index in range(30)]


def test_documents_stay_documents() -> None:
    for seed in range(60):
        document = {"a": [1, 2, {"b": "c"}], "d": {"e": None}}
        changed = change_document(document, np.random.default_rng(seed))
        json.loads(json.dumps(changed))
    assert toml_wise(b"a = 1\nb = 2\n", np.random.default_rng(0)) != b"a = 1\nb = 2\n"
    head = b"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 6, 12), }"
    whole = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head
    assert len({npy_wise(whole, np.random.default_rng(seed)) for seed in range(40)}) > 8


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (None, READ),
        (InputError("no"), REFUSED),
        (InputError("a\x1b[2Jb"), "message that is not printable"),
        (KeyError("x"), "KeyError at test_mutants.py"),
        (MemoryError(), "MemoryError at"),
        (RecursionError(), "RecursionError at"),
    ],
)
def test_whatever_is_not_our_error_is_a_finding(
    error: Exception | None, said: str, tmp_path: Path
) -> None:
    def read(path: Path) -> None:
        if error is not None:
            raise error

    reader = Reader(seeds=[b""], suffix=".x", mutations=(bytewise,), read=read)
    assert one(reader, tmp_path / "x").startswith(said)


def test_parts_add_up() -> None:
    parts = [*planned(200_000)]
    assert {name for name, _, _ in parts} == {*SHARES}
    assert 199_900 < sum(count for _, _, count in parts) <= 200_000
    assert [*planned(1, ["network"])] == [("network", 0, 1)]
