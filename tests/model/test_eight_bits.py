"""A decoder in integers of 8 bits: how it rounds, and what it has no form for."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from neurodeploy.errors import InputError
from neurodeploy.model.decoder import Decoder, DecoderConfig, with_bits
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


def test_fewer_bits_of_a_weight_are_fewer_levels() -> None:
    layer = torch.nn.Linear(50, 4)
    for bits, levels in ((2, 3), (4, 15), (8, 255)):
        weights = EightBits(layer, bits).product.weight
        assert weights.abs().max() == levels // 2
        assert len(weights.unique()) <= levels


def test_a_decoder_of_so_many_bits_answers_in_them() -> None:
    exact = decoder("mlp")
    window = (torch.rand(50, 8, 6) < 0.3).float()
    coarse = with_bits(exact, 3)
    wanted = eight_bit_decoder(exact, 3)
    assert wanted is not None
    for head, answers in coarse(window).items():
        assert torch.equal(answers, wanted(window)[head])
        assert not torch.equal(answers, exact(window)[head])
    assert coarse.macs == exact.macs
    floats = coarse.in_floats
    assert torch.equal(floats(window)["label"], exact(window)["label"])
    assert exact.in_floats is exact


def test_it_is_trained_in_floats_and_rounded_anew() -> None:
    exact = decoder("linear")
    coarse = with_bits(exact, 4)
    window = (torch.rand(5, 8, 6) < 0.3).float()
    torch.testing.assert_close(coarse.train()(window)["label"], exact(window)["label"])
    before = coarse.eval()(window)["label"]
    with torch.no_grad():
        coarse.heads["label"].weight.mul_(-1)
        coarse.heads["label"].bias.mul_(-1)
    torch.testing.assert_close(coarse(window)["label"], -before)


def test_bits_are_written_down_where_they_are_not_floats() -> None:
    config = decoder("linear").config
    assert "bits" not in config.to_dict()
    four = replace(config, bits=4)
    assert DecoderConfig.from_dict(four.to_dict()) == four
    for bits in (0, 1, 9, 16):
        with pytest.raises(InputError, match=r"DecoderConfig.bits: expected 2 to 8, or 32"):
            replace(config, bits=bits)
    with pytest.raises(InputError, match="decoder recurrent, bits: expected 32"):
        Decoder(replace(config, kind="recurrent", bits=8))
