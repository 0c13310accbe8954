"""Compressed models: what was pruned stays away, and what is exported is what was evaluated."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy._io.tensors import load_state, load_tensors
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.learn.data import ImageSource
from neurodeploy.learn.estimators import Pathwise
from neurodeploy.learn.objective import ConstantRate, Objective, class_loss
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.learn.trainer import Trainer
from neurodeploy.model.block import Block
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.export import export_network
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.quantization import WeightLevels, compress
from neurodeploy.model.specs import ConvSpec, DenseSpec, RecurrentSpec
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.units import WEIGHT_SCALE
from neurodeploy.signals.datasets import load_digits, split
from neurodeploy.signals.encode import RateEncoding

STEPS = 8
BITS = range(2, 9)


pytestmark = pytest.mark.usefixtures("one_thread")


def hybrid(encoder: Encoder) -> HybridModel:
    config = DecoderConfig(
        kind="linear", neurons=encoder.neurons, window_steps=STEPS, heads={"label": 10}
    )
    return HybridModel(encoder, Decoder(config))


def dense(seed: int = 0) -> HybridModel:
    """Reads digits, 64 pixels in a row."""
    torch.manual_seed(seed)
    layers = [
        DenseSpec(neurons=20, bias=True, learn_decays=True),
        DenseSpec(neurons=12, delay_steps=3),
    ]
    return hybrid(Encoder((64,), layers))


def conv(seed: int = 0) -> HybridModel:
    torch.manual_seed(seed)
    layers = [
        ConvSpec(channels=4, kernel_size=3, groups=2, bias=True),
        DenseSpec(neurons=9),
        DenseSpec(neurons=7),
    ]
    return hybrid(Encoder((2, 5, 6), layers))


def recurrent(seed: int = 0) -> HybridModel:
    torch.manual_seed(seed)
    return hybrid(Encoder((64,), [RecurrentSpec(neurons=16), DenseSpec(neurons=6)]))


MODELS = {"dense": dense, "conv": conv, "recurrent": recurrent}


def blocks(model: HybridModel) -> list[Block]:
    return [block for block in model.encoder.blocks if isinstance(block, Block)]


def weights(model: HybridModel) -> list[torch.Tensor]:
    """The trained input weights of each layer, as they are remembered."""
    return [block.synapse.weight.detach().clone() for block in blocks(model)]


def synapses(block: Block) -> list[torch.nn.Module]:
    return [each for each in (block.synapse, block.recurrent_synapse) if each is not None]


def state(model: HybridModel) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(tensor, second[name]) for name, tensor in first.items()
    )


def level_values(bits: int, exponent: int) -> set[int]:
    half = 2 ** (bits - 1)
    return {2 * 2**exponent * n for n in range(-half, half)}


def to_level(weight: torch.Tensor, levels: WeightLevels) -> np.ndarray:
    """Stored weights, from the definition: steps of ``2 * 2**exponent``, clipped."""
    step = 2 * 2**levels.exponent
    half = 2 ** (levels.bits - 1)
    units = np.rint(weight.double().numpy() * WEIGHT_SCALE / step)
    return np.clip(units, -half, half - 1) * step


def check_exported(model: HybridModel) -> None:
    """The exported weights are the remembered ones, without the pruned, on the layer's levels."""
    for block, layer in zip(blocks(model), export_network(model.encoder).layers, strict=True):
        weight = block.synapse.weight.detach()
        if block.connected is not None:
            assert set(block.connected.unique().tolist()) <= {0, 1}
            weight = weight * block.connected
        levels = block.spec.levels
        stored = layer.weight.reshape(weight.shape)  # type: ignore[union-attr]
        np.testing.assert_array_equal(stored, to_level(weight, levels))
        assert set(stored.ravel().tolist()) <= level_values(levels.bits, levels.exponent)
        if block.connected is not None:
            assert not stored[block.connected.numpy() == 0].any()


def check_engine(model: HybridModel, seed: int) -> None:
    """The native engine runs the exported network as the encoder runs, spike for spike."""
    shape = (5, *model.encoder.input_shape, 2 * STEPS)
    spikes = (np.random.default_rng(seed).random(shape) < 0.5).astype(np.uint8)
    with torch.no_grad():
        trained = model.encoder(torch.from_numpy(spikes).float(), temperature=0.0)
    run = simulate(export_network(model.encoder), spikes, engine="native")
    assert trained.spikes.any()
    for expected, found in zip([*trained.hidden, trained.spikes], run.layers, strict=True):
        np.testing.assert_array_equal(found, expected.numpy())


def digits(train: int = 64, validation: int = 32) -> tuple[ImageSource, ImageSource]:
    parts = split(load_digits(), train=train, validation=validation, test=1, seed=0)
    encoding = RateEncoding(steps=STEPS)
    return ImageSource(parts.train, encoding), ImageSource(parts.validation, encoding)


def trainer(model: HybridModel, folder: Path, epochs: int = 1, **changes: Any) -> Trainer:
    train, validation = digits()
    return Trainer(
        model,
        Objective(heads={"label": (class_loss, 1.0)}, beta=0.001, prior=ConstantRate(0.1)),
        train=train,
        validation=validation,
        folder=folder,
        config=TrainConfig(epochs=epochs, batch_size=16, learning_rate=0.02),
        **changes,
    )


@pytest.mark.parametrize("kind", MODELS)
@settings(max_examples=40)
@given(pruned=st.floats(0, 1, exclude_max=True), seed=st.integers(0, 9))
def test_the_asked_share_of_every_layer_goes_smallest_first(
    kind: str, pruned: float, seed: int
) -> None:
    model = MODELS[kind](seed)
    before = state(model)
    smaller = compress(model, pruned=pruned)
    for old, block in zip(weights(model), blocks(smaller), strict=True):
        new = block.synapse.weight.detach()
        gone = math.floor(pruned * old.numel())
        if gone == 0:
            assert block.connected is None
            assert torch.equal(new, old)
            continue
        away = block.connected == 0
        assert int(away.sum()) == gone
        assert not new[away].any()
        assert torch.equal(new[~away], old[~away])
        assert old[away].abs().max() <= old[~away].abs().min()
    assert equal(state(model), before)
    assert all(block.connected is None for block in blocks(model))
    assert all(block.spec.levels == WeightLevels() for block in blocks(model))


def test_nothing_asked_for_changes_nothing() -> None:
    model = dense()
    same = compress(model)
    assert same is not model
    assert equal(state(same), state(model))
    assert [block.spec for block in blocks(same)] == [block.spec for block in blocks(model)]


def test_the_copy_shares_nothing_with_the_original(tmp_path: Path) -> None:
    model = dense()
    before = state(model)
    trainer(compress(model, pruned=0.5, bits=4), tmp_path).fit()
    assert equal(state(model), before)


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("kind", MODELS)
def test_the_exponent_is_the_one_with_the_smallest_squared_error(kind: str, bits: int) -> None:
    model = MODELS[kind]()
    with torch.no_grad():
        for scale, block in zip((0.2, 20.0, 5.0), blocks(model), strict=False):
            for synapse in synapses(block):
                synapse.weight.mul_(scale)
    chosen = [block.spec.levels for block in blocks(compress(model, bits=bits))]
    for block, levels in zip(blocks(model), chosen, strict=True):
        weight = torch.cat([each.weight.detach().flatten() for each in synapses(block)])
        assert levels.bits == bits
        errors = [
            float(((to_level(weight, other) / WEIGHT_SCALE - weight.double().numpy()) ** 2).sum())
            for other in (WeightLevels(bits=bits, exponent=e) for e in range(9 - bits))
        ]
        assert errors[levels.exponent] == pytest.approx(min(errors), rel=1e-5)  # summed in float32
    assert (len(set(chosen)) > 1) == (bits < 8)


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("kind", MODELS)
def test_a_compressed_network_is_exported_as_it_is_and_runs_as_it_ran(kind: str, bits: int) -> None:
    smaller = compress(MODELS[kind](), pruned=0.4, bits=bits)
    check_exported(smaller)
    check_engine(smaller, seed=bits)


def test_both_matrices_of_a_recurrent_layer_are_pruned_and_share_their_levels() -> None:
    smaller = compress(recurrent(), pruned=0.5, bits=3)
    layer = export_network(smaller.encoder).layers[0]
    assert isinstance(layer, Dense)
    assert layer.recurrent_weight is not None
    for matrix in (layer.weight, layer.recurrent_weight):
        assert (matrix == 0).mean() >= 0.5
    (block, _) = blocks(smaller)
    assert block.recurrent_connected is not None
    assert float(block.recurrent_connected.mean()) == 0.5
    values = {*np.unique(layer.weight).tolist(), *np.unique(layer.recurrent_weight).tolist()}
    assert values <= level_values(3, block.spec.levels.exponent)
    assert block.identity["recurrent_pruned"] != recurrent().encoder.layers[0].identity["pruned"]


def test_pruned_synapses_are_the_only_new_zeros() -> None:
    """Weights far from 0, so that none is rounded to it."""
    model = dense()
    with torch.no_grad():
        for block in blocks(model):
            block.synapse.weight.add_(0.5 * block.synapse.weight.sign())
    network = export_network(compress(model, pruned=0.37).encoder)
    found = [int((layer.weight == 0).sum()) for layer in network.layers]  # type: ignore[union-attr]
    assert found == [int(0.37 * 20 * 64), int(0.37 * 12 * 20)]


@pytest.mark.parametrize(("pruned", "bits"), [(0.6, 8), (0.0, 3), (0.5, 4)])
def test_fine_tuning_keeps_to_the_synapses_and_levels(
    pruned: float, bits: int, tmp_path: Path
) -> None:
    smaller = compress(dense(), pruned=pruned, bits=bits)
    before = weights(smaller)
    away = [None if b.connected is None else b.connected == 0 for b in blocks(smaller)]
    levels = [block.spec.levels for block in blocks(smaller)]
    one = trainer(smaller, tmp_path)
    one.fit()
    assert one.epoch == 1
    for old, new, gone in zip(before, weights(smaller), away, strict=True):
        assert (gone is None) == (pruned == 0)
        if gone is not None:
            assert not new[gone].any()
            assert (new[~gone] != old[~gone]).any()
    assert [block.spec.levels for block in blocks(smaller)] == levels
    check_exported(smaller)
    check_engine(smaller, seed=1)


class PowerCut(Exception):
    """What stops a training from outside."""


class Failing:
    """Pathwise that fails in the second epoch: there are four batches in one."""

    left = 6

    def __call__(self, *args: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise PowerCut
        return Pathwise()(*args)

    def __repr__(self) -> str:
        return repr(Pathwise())


def test_an_interrupted_fine_tuning_goes_on_exactly(tmp_path: Path) -> None:
    def smaller() -> HybridModel:
        return compress(dense(), pruned=0.5, bits=5)

    straight = trainer(smaller(), tmp_path / "straight", epochs=3)
    straight.fit()
    with pytest.raises(PowerCut):
        trainer(smaller(), tmp_path / "cut", epochs=3, estimator=Failing()).fit()
    resumed = trainer(smaller(), tmp_path / "cut", epochs=3)
    resumed.resume()
    assert resumed.epoch == 1
    resumed.fit()
    assert equal(state(straight.model), state(resumed.model))
    tensors, _ = load_tensors(tmp_path / "cut" / "best.safetensors", "checkpoint")
    for index, block in enumerate(blocks(straight.model)):
        assert torch.equal(tensors[f"encoder.blocks.{index}.connected"], block.connected)
    check_exported(resumed.model)


def test_a_checkpoint_of_other_synapses_is_refused(tmp_path: Path) -> None:
    trainer(compress(dense(seed=0), pruned=0.5), tmp_path).fit()
    other = trainer(compress(dense(seed=1), pruned=0.5), tmp_path)
    with pytest.raises(InputError, match=r"found another: encoder\.layers\.0\.pruned: \w+ -> \w+"):
        other.resume()


def test_pruned_and_whole_models_do_not_load_each_other() -> None:
    model, smaller = dense(), compress(dense(), pruned=0.5)
    for target, source in itertools.permutations((model, smaller)):
        found = "Unexpected" if source is smaller else "Missing"
        with pytest.raises(
            FileFormatError, match=f"the tensors of this model, found {found} key.*connected"
        ):
            load_state(target, state(source), "checkpoint best")


@pytest.mark.parametrize("then", [0.0, 0.2, 0.5, 0.8])
def test_what_was_pruned_once_stays_away(then: float) -> None:
    once = compress(dense(), pruned=0.5)
    again = compress(once, pruned=then, bits=4)
    for before, after in zip(blocks(once), blocks(again), strict=True):
        assert not after.connected[before.connected == 0].any()
        assert float((after.connected == 0).float().mean()) == pytest.approx(max(0.5, then))


@pytest.mark.parametrize("pruned", [-0.01, 1.0, 1.5, math.nan])
def test_pruned_is_a_share(pruned: float) -> None:
    with pytest.raises(InputError, match=r"pruned: expected a share in \[0, 1\), found"):
        compress(dense(), pruned=pruned)


@pytest.mark.parametrize("bits", [-3, 0, 1, 9, 32])
def test_bits_are_those_of_a_chip(bits: int) -> None:
    with pytest.raises(InputError, match=rf"bits: expected 2 to 8, found {bits}"):
        compress(dense(), bits=bits)
