"""Host decoders and the window that they see."""

from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.model.decoder import (
    READERS,
    Decoder,
    DecoderConfig,
    counting_decoder,
)
from neurodeploy.model.windows import every_window, window_at

KINDS = sorted(READERS)


def config(kind: str = "mlp", **changes: object) -> DecoderConfig:
    values = {"kind": kind, "neurons": 8, "window_steps": 5, "hidden": 7}
    return DecoderConfig(**{**values, "heads": {"image": 6, "label": 3}, **changes})  # type: ignore[arg-type]


def test_kinds_are_the_documented_ones() -> None:
    assert KINDS == ["conv", "counts", "first", "linear", "mlp", "rate", "recurrent"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("neurons", "window_steps"), [(8, 5), (1, 1), (3, 9), (2, 3)])
def test_every_head_answers_the_batch(kind: str, neurons: int, window_steps: int) -> None:
    decoder = Decoder(config(kind, neurons=neurons, window_steps=window_steps))
    answers = decoder(torch.ones(4, neurons, window_steps))
    assert {name: tuple(logits.shape) for name, logits in answers.items()} == {
        "image": (4, 6),
        "label": (4, 3),
    }
    sum(logits.sum() for logits in answers.values()).backward()
    assert all(parameter.grad is not None for parameter in decoder.parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_only_rate_and_counts_are_blind_to_timing(kind: str) -> None:
    torch.manual_seed(0)
    decoder = Decoder(config(kind))
    window = (torch.rand(6, 8, 5) < 0.4).float()
    order = torch.tensor([3, 1, 4, 0, 2])
    as_it_was, permuted = decoder(window), decoder(window[..., order])
    for head in ("image", "label"):
        assert torch.equal(as_it_was[head], permuted[head]) == (kind in ("rate", "counts"))


@pytest.mark.parametrize(
    ("kind", "macs"),
    [
        ("linear", 40 * 6 + 40 * 3),
        ("mlp", 40 * 7 + 7 * 6 + 7 * 3),
        ("first", 40 * 7 + 7 * 6 + 7 * 3),
        ("rate", 8 * 7 + 7 * 6 + 7 * 3),
        # three gates, each of 8 inputs and 7 states, at each of 5 steps
        ("recurrent", 5 * (3 * 8 * 7 + 3 * 7 * 7) + 7 * 6 + 7 * 3),
        ("conv", 5 * (8 * 2 * 5) + (2 * 5) * 7 + 7 * 6 + 7 * 3),  # 2 channels, kernel 5, 5 steps
    ],
)
def test_macs_by_hand(kind: str, macs: int) -> None:
    assert Decoder(config(kind)).macs == macs


@pytest.mark.parametrize("kind", ["linear", "mlp", "rate", "conv"])
def test_steps_that_never_come_are_not_multiplied(kind: str) -> None:
    whole = Decoder(config(kind, window_steps=9))
    fewer = Decoder(config(kind, window_steps=4 if kind in ("linear", "mlp") else 9)).macs
    assert whole.macs_after(4) == fewer
    assert whole.macs_after(9) == whole.macs_after(30) == whole.macs


def test_linear_is_affine_in_every_spike() -> None:
    decoder = Decoder(config("linear", heads={"label": 2}))
    with torch.no_grad():
        decoder.heads["label"].bias.copy_(torch.tensor([1.0, -1.0]))
        decoder.heads["label"].weight.copy_(torch.arange(80.0).reshape(2, 40))
    window = torch.zeros(1, 8, 5)
    window[0, 3, 2] = 1  # feature 3 * 5 + 2
    assert decoder(window)["label"].tolist() == [[1 + 17, -1 + 57]]


def gru_by_hand(weights: dict[str, torch.Tensor], window: torch.Tensor) -> torch.Tensor:
    """Cho et al., 2014, as PyTorch has it, one step after another from rest."""
    state = window.new_zeros(len(window), weights["weight_hh_l0"].shape[1])
    for step in range(window.shape[-1]):
        heard = window[..., step] @ weights["weight_ih_l0"].T + weights["bias_ih_l0"]
        kept = state @ weights["weight_hh_l0"].T + weights["bias_hh_l0"]
        (r, z, n), (r_state, z_state, n_state) = heard.chunk(3, 1), kept.chunk(3, 1)
        update = torch.sigmoid(z + z_state)
        candidate = torch.tanh(n + torch.sigmoid(r + r_state) * n_state)
        state = (1 - update) * candidate + update * state
    return state


def test_recurrent_reads_the_steps_in_their_order_from_rest() -> None:
    torch.manual_seed(2)
    decoder = Decoder(config("recurrent")).double()
    window = (torch.rand(6, 8, 5) < 0.4).double()
    with torch.no_grad():
        state = gru_by_hand(dict(decoder.reader.unit.named_parameters()), window)
        for head, logits in decoder(window).items():
            torch.testing.assert_close(logits, decoder.heads[head](state), rtol=0, atol=1e-13)


def test_recurrent_depends_on_the_order_of_two_spikes() -> None:
    torch.manual_seed(0)
    decoder = Decoder(config("recurrent"))
    first_then_second = torch.zeros(1, 8, 5)
    first_then_second[0, 3, 1] = first_then_second[0, 6, 2] = 1
    swapped = first_then_second.clone()
    swapped[0, :, [1, 2]] = first_then_second[0, :, [2, 1]]
    assert torch.equal(first_then_second.sum(-1), swapped.sum(-1))
    gap = (decoder(first_then_second)["label"] - decoder(swapped)["label"]).abs()
    assert gap.max().item() > 1e-3  # rounding is below 1e-6


@pytest.mark.parametrize("shape", [(2, 8, 4), (2, 7, 5), (2, 8, 6), (2, 40), (2, 5, 8)])
@pytest.mark.parametrize("kind", KINDS)
def test_wrong_window_is_refused(kind: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"expected \[batch, 8 neurons, 5 steps\], found"):
        Decoder(config(kind))(torch.zeros(shape))


@pytest.mark.parametrize("kind", KINDS)
def test_config_round_trip(kind: str) -> None:
    written = json.loads(json.dumps(config(kind).to_dict()))
    read = DecoderConfig.from_dict(written)
    assert read == config(kind)
    Decoder(read).load_state_dict(Decoder(config(kind)).state_dict())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "transformer"}, "kind"),
        ({"neurons": 0}, "neurons"),
        ({"window_steps": 0}, "window_steps"),
        ({"hidden": 0}, "hidden"),
        ({"heads": {}}, "heads"),
        ({"heads": {"label": 0}}, "heads"),
        ({"heads": {"image": 4, "label": -1}}, "heads"),
    ],
)
def test_config_errors(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InputError, match=rf"DecoderConfig\.{field}: expected"):
        config(**changes)  # type: ignore[arg-type]
    with pytest.raises(FileFormatError, match=rf"manifest: expected .*DecoderConfig\.{field}"):
        DecoderConfig.from_dict({**config().to_dict(), **changes}, where="manifest")


@pytest.mark.parametrize(
    "mapping",
    [
        {**config().to_dict(), "colour": "red"},
        {key: value for key, value in config().to_dict().items() if key != "neurons"},
        {**config().to_dict(), "neurons": "eight"},
        {**config().to_dict(), "heads": ["label"]},
        {},
    ],
)
def test_foreign_fields_are_a_format_error(mapping: dict[str, object]) -> None:
    with pytest.raises(FileFormatError, match="decoder: expected the fields of a decoder"):
        DecoderConfig.from_dict(mapping)


def naive_window(received: list[float], window_steps: int) -> list[float]:
    """Anchored while it fills, sliding once it is full."""
    if len(received) >= window_steps:
        return received[-window_steps:]
    return received + [0.0] * (window_steps - len(received))


windows = st.integers(1, 12).flatmap(
    lambda steps: st.tuples(
        st.lists(st.sampled_from([0.0, 1.0]), min_size=steps, max_size=steps),
        st.integers(0, steps - 1),
        st.integers(1, 15),
    )
)


@settings(max_examples=200)
@given(windows)
def test_window_is_the_naive_one_and_never_looks_ahead(case: tuple[list[float], int, int]) -> None:
    train, step, window_steps = case
    spikes = torch.tensor(train).reshape(1, 1, -1)
    window = window_at(spikes, step, window_steps)
    assert window.shape == (1, 1, window_steps)
    assert window.flatten().tolist() == naive_window(train[: step + 1], window_steps)
    later = spikes.clone()
    later[..., step + 1 :] = torch.nan
    assert torch.equal(window_at(later, step, window_steps), window)


def test_window_keeps_places_while_it_fills_then_slides() -> None:
    spikes = torch.arange(1.0, 7.0).reshape(1, 1, 6)
    seen = [window_at(spikes, step, 3).flatten().tolist() for step in range(6)]
    assert seen == [[1, 0, 0], [1, 2, 0], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6]]


@settings(max_examples=100)
@given(st.integers(1, 12), st.integers(1, 15), st.integers(1, 3), st.integers(0, 99))
def test_every_window_is_window_at_each_step(
    steps: int, window_steps: int, neurons: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    spikes = torch.rand(2, neurons, steps, generator=generator)  # distinct, unlike spikes
    found = every_window(spikes, window_steps)
    assert found.shape == (2, steps, neurons, window_steps)
    for step in range(steps):
        assert torch.equal(found[:, step], window_at(spikes, step, window_steps))


def test_every_window_passes_gradients_to_each_step() -> None:
    """A step is in as many windows as follow it, at most ``window_steps``."""
    spikes = torch.ones(1, 1, 6, requires_grad=True)
    every_window(spikes, 3).sum().backward()
    assert spikes.grad is not None
    assert spikes.grad.tolist() == [[[3, 3, 3, 3, 2, 1]]]


def test_a_counting_decoder_says_the_counts() -> None:
    decoder = counting_decoder(3, 5)
    spikes = (torch.arange(2 * 3 * 5).reshape(2, 3, 5) % 3 == 0).float()
    assert torch.equal(decoder.at_the_end(spikes)["label"], spikes.sum(-1))
    assert not any(parameter.requires_grad for parameter in decoder.parameters())
    assert decoder.macs == 9
