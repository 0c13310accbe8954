from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from bundles import make, spikes

import neurodeploy as nd
from neurodeploy.deploy.parts import chip_part
from neurodeploy.errors import InputError


def test_a_network_takes_every_step_and_a_bundle_its_own() -> None:
    bundle, signal = make(), spikes(steps=30)
    assert chip_part(bundle.network).first_steps(signal).shape[-1] == 30
    assert chip_part(bundle).first_steps(signal).shape[-1] == 30
    short = dataclasses.replace(bundle, steps=2)
    assert chip_part(short).first_steps(signal).shape[-1] == 2
    assert chip_part(chip_part(short)).step_limit == 2


COUNTS = nd.simulate(make(), spikes()).counts

TAKE_EITHER: dict[str, Callable[[Any], Any]] = {
    "simulate": lambda deployed: nd.simulate(deployed, spikes()).spikes.tolist(),
    "verify": lambda deployed: nd.verify(deployed, spikes(), ["native"]).to_dict(),
    "place": lambda deployed: nd.place(deployed, "loihi1").to_dict(),
    "fit_report": lambda deployed: nd.fit_report(deployed, "loihi1", COUNTS),
    "check": lambda deployed: nd.check(deployed),
    "energy_report": lambda deployed: nd.energy_report(deployed, COUNTS)["layers"],
}

NEED_A_BUNDLE: dict[str, Callable[[Any], Any]] = {
    "decode": lambda bundle: nd.decode(bundle, torch.zeros(1, 3, 7)),
}

ANSWER: dict[str, Callable[[Any], Any]] = {
    "stream_answers": lambda deployed: next(nd.stream_answers(deployed, spikes())).logits,
}
"""Of a bundle by its decoder, of a network by its counts."""


@pytest.mark.parametrize("name", TAKE_EITHER)
def test_a_network_and_its_bundle_give_the_same(name: str) -> None:
    bundle = make()
    assert TAKE_EITHER[name](bundle) == TAKE_EITHER[name](bundle.network)


@pytest.mark.parametrize("name", [*TAKE_EITHER, *NEED_A_BUNDLE, *ANSWER])
def test_something_else_is_refused_with_what_to_do(name: str) -> None:
    call = {**TAKE_EITHER, **NEED_A_BUNDLE, **ANSWER}[name]
    with pytest.raises(
        InputError, match=r"'x\.net'\. Read it with nd\.read_network or nd\.load_bu"
    ):
        call("x.net")
    for wrong in (None, np.zeros(3), make().decoder):
        with pytest.raises(InputError, match=f"what is deployed: .*found a {type(wrong).__name__}"):
            call(wrong)


@pytest.mark.parametrize("name", NEED_A_BUNDLE)
def test_a_network_alone_has_no_decoder(name: str) -> None:
    assert NEED_A_BUNDLE[name](make())
    with pytest.raises(InputError, match="a Bundle, for its decoder, found a Network"):
        NEED_A_BUNDLE[name](make().network)


def test_what_is_no_array_is_refused_and_not_run_lazily() -> None:
    bundle = make()
    batch = spikes()
    for wrong in (batch.tolist(), torch.from_numpy(batch), iter(batch)):
        with pytest.raises(InputError, match="input: expected a numpy array"):
            nd.simulate(bundle, wrong)  # type: ignore[arg-type]
