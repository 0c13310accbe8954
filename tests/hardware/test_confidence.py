"""A placement is as sure as the least sure figure that it rests on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.hardware.chips import COSTS, LIMITS, find_chip
from neurodeploy.hardware.confidence import WORDS, grounds, least_sure
from neurodeploy.hardware.placement import place
from neurodeploy.netx.layers import ComplexDense, Conv, Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron

NEURON = CubaNeuron(current_decay=1024, voltage_decay=512, threshold=60)
RESONATOR = RfNeuron(sin_decay=100, cos_decay=4000, threshold=50, phase=True)
LOIHI1, LOIHI2 = find_chip("loihi1"), find_chip("loihi2")
SQUARE = np.full((4, 4), 2)
PLAIN = Dense(weight=SQUARE, neuron=NEURON)


def network(layer: Dense | ComplexDense | Conv, shape: tuple[int, ...] = (4,)) -> Network:
    return Network(input_shape=shape, layers=(layer,))


def test_every_limit_and_cost_has_words_for_people() -> None:
    assert set(WORDS) == {*LIMITS, *COSTS}
    assert not any("_" in words for words in WORDS.values())


def test_loihi_1_rests_on_what_is_published_and_loihi_2_on_what_is_inferred() -> None:
    assert place(network(PLAIN), LOIHI1).confidence == "published"
    placed = place(network(PLAIN), LOIHI2)
    assert placed.confidence == placed.to_dict()["confidence"] == "inferred"
    bases = {ground.what: ground.basis for ground in placed.grounds}
    assert bases["neurons of a core"] == "inferred"
    assert bases["bits of synapse memory of a core"] == "published"
    assert "output axons of a core" not in bases
    assert "width of the mesh" not in bases


@pytest.mark.parametrize(
    ("layer", "shape", "said"),
    [
        (replace(PLAIN, delay=np.array(3)), (4,), "delays"),
        (replace(PLAIN, recurrent_weight=SQUARE), (4,), "recurrent"),
        (
            ComplexDense(real_weight=SQUARE, imaginary_weight=SQUARE, neuron=RESONATOR),
            (4,),
            "complex",
        ),
        (Conv(weight=np.full((4, 1, 3, 3), 2), neuron=NEURON, groups=2), (2, 5, 5), "groups"),
    ],
)
def test_what_no_table_shows_is_assumed(
    layer: Dense | ComplexDense | Conv, shape: tuple[int, ...], said: str
) -> None:
    placed = place(network(layer, shape), LOIHI2)
    assert placed.confidence == "assumed"
    assert any(said in ground.what for ground in placed.grounds if ground.basis == "assumed")


def test_another_rule_than_the_compilers_is_assumed() -> None:
    for chip in (LOIHI2.packed(), LOIHI2.without_zeros()):
        found = grounds(network(PLAIN), chip)
        assert (found[0].what, least_sure(found)) == ("how layers go to cores", "assumed")
    assert LOIHI1.without_zeros() is LOIHI1
