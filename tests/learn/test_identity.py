"""Names that are the same in every process, and differences in one line."""

from __future__ import annotations

import functools
import subprocess
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from neurodeploy.errors import InputError
from neurodeploy.learn.identity import described, require_same
from neurodeploy.learn.objective import ConstantRate, class_loss


class Plain:
    """Without a repr."""

    def __init__(self, rate: float, inner: object = None) -> None:
        self.rate = rate
        self.inner = inner


@dataclass
class Holder:
    held: object


def weighted(weight: float):
    def loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return weight * class_loss(logits, target)

    return loss


PLAIN = "Plain(rate=1, inner=None)"
CLASS_LOSS = "neurodeploy.learn.objective.class_loss"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (ConstantRate(0.25), "ConstantRate(rate=0.25)"),
        (class_loss, CLASS_LOSS),
        (
            functools.partial(class_loss, 3, k=ConstantRate(0.5)),
            f"{CLASS_LOSS}(0=3, k=ConstantRate(rate=0.5))",
        ),
        (weighted(0.5), "test_identity.weighted.<locals>.loss(weight=0.5)"),
        (Plain(0.5), "Plain(rate=0.5, inner=None)"),
        (Plain(0.5, Plain(2)), "Plain(rate=0.5, inner=Plain(rate=2, inner=None))"),
        (Holder(object()), "Holder(held=<object object>)"),
        (torch.relu, "<built-in method relu of type object>"),
    ],
)
def test_described(value: object, said: str) -> None:
    assert described(value) == said


def test_arrays_are_described_by_what_they_hold() -> None:
    values = np.arange(3000.0)
    other = values.copy()
    other[1500] = 0
    assert described(Plain(values)) != described(Plain(other))
    assert described(torch.from_numpy(values)) == described(values) != described(values[:, None])
    assert described(values) != described(values.astype(np.float32))


def test_digests_are_the_same_in_every_process() -> None:
    """SHA-256 of dtype, shape and bytes, by another program."""
    content = b"<i8(2,)" + (1).to_bytes(8, "little") + (2).to_bytes(8, "little")
    said = subprocess.run(["sha256sum"], input=content, capture_output=True, check=True).stdout
    assert said[:16].decode() == described(np.array([1, 2]))


def test_differences_are_listed_in_one_line() -> None:
    held = {"epochs": 4, "beta": 0.1, "same": [1], "gone": "x", "long": "a" * 100}
    wanted = {"epochs": 6, "new": None, "beta": 0.1, "same": [1], "long": "b" * 100}
    with pytest.raises(InputError) as caught:
        require_same(held, wanted, "training", "here", "Do this.")
    assert str(caught.value) == (
        "here: expected this training, found another: epochs: 4 -> 6; new: none -> none; "
        f"long: {'a' * 57}... -> {'b' * 57}...; gone: x -> none. Do this."
    )
    require_same(held, dict(reversed(held.items())), "training", "here", "Do this.")


def test_many_differences_are_cut_short() -> None:
    held, wanted = ({str(i): i + shift for i in range(11)} for shift in (0, 1))
    with pytest.raises(InputError, match="7: 7 -> 8; and 3 more"):
        require_same(held, wanted, "training", "here", "")
