"""A decoder in integers of 8 bits: how it rounds, and what it has no form for."""

from __future__ import annotations

import pytest
import torch

from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.eight_bits import LARGEST, EightBits, eight_bit_decoder


def decoder(kind: str) -> Decoder:
    torch.manual_seed(3)
    heads = {"image": 9, "label": 4}
    config = DecoderConfig(kind=kind, neurons=8, window_steps=6, heads=heads, hidden=16)
    return Decoder(config)


@pytest.mark.parametrize("kind", ["linear", "mlp", "conv", "rate", "first"])
def test_answers_are_near_those_in_floats(kind: str) -> None:
    exact = decoder(kind)
    window = (torch.rand(50, 8, 6) < 0.3).float()
    coarse = eight_bit_decoder(exact)
    assert coarse is not None
    assert not any(part.__class__ is torch.nn.Linear for part in coarse.heads.values())
    for head, answers in exact(window).items():
        difference = (coarse(window)[head] - answers).norm() / answers.norm()
        assert 0 < difference < 0.02


def test_weights_and_inputs_that_are_such_integers_change_nothing() -> None:
    layer = torch.nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[127.0, -3.0, 40.0], [-127.0, 0.0, 5.0]]) / 64)
    given = torch.tensor([[127.0, 2.0, -90.0], [0.0, 0.0, 0.0]])
    torch.testing.assert_close(EightBits(layer)(given), layer(given), rtol=1e-6, atol=1e-5)


def test_all_that_is_multiplied_is_a_whole_number_of_8_bits() -> None:
    layer = EightBits(torch.nn.Conv1d(4, 3, 3, padding=1))
    seen: list[torch.Tensor] = []
    layer.product.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    layer(torch.randn(5, 4, 7))
    for numbers in (seen[0], layer.product.weight):
        assert (numbers == numbers.round()).all()
        assert numbers.abs().max() == LARGEST


def test_a_recurrent_unit_has_no_such_form_and_a_decoder_stays_as_it_is() -> None:
    assert eight_bit_decoder(decoder("recurrent")) is None
    exact = decoder("mlp")
    before = {name: tensor.clone() for name, tensor in exact.state_dict().items()}
    eight_bit_decoder(exact)
    assert all(torch.equal(before[name], tensor) for name, tensor in exact.state_dict().items())
