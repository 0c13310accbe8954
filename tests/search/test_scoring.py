from __future__ import annotations

import dataclasses
import pickle
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from small import TASK

from neurodeploy._io.executor import open_pool
from neurodeploy.deploy.bundle import Bundle, decode
from neurodeploy.deploy.stream import stream_answers
from neurodeploy.engines.base import Run
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import InputError, NetworkError
from neurodeploy.hardware.chips import find_chip
from neurodeploy.hardware.devices import load_devices
from neurodeploy.hardware.placement import place
from neurodeploy.model.decoder import FLOAT_BITS, Decoder, DecoderConfig, with_bits
from neurodeploy.search.compression import Levers, compress_network, uncompressed
from neurodeploy.search.scoring import Score, Scorer, Target, find_target, prepare
from neurodeploy.search.trial import samples
from neurodeploy.signals.datasets import Splits

SETTING = Levers(
    thresholds=(1.2, 0.7),
    dropped=0.25,
    weight_bits=(5, 6),
    pruned=(0.4, 0.2),
    steps=6,
    decoder_bits=3,
)


@pytest.fixture(scope="module")
def target() -> Target:
    return find_target("cmos45_integer", "loihi1")


@pytest.fixture(scope="module")
def data(splits: Splits) -> tuple[np.ndarray, np.ndarray]:
    return samples(TASK.sources(splits).validation, (3,))


@pytest.fixture(scope="module")
def scorer(bundle: Bundle, data: tuple[np.ndarray, np.ndarray], target: Target) -> Scorer:
    return Scorer(bundle, *data, target)


def test_a_score_is_what_the_parts_of_the_package_say(
    scorer: Scorer, bundle: Bundle, data: tuple[np.ndarray, np.ndarray]
) -> None:
    spikes, labels = data
    network = compress_network(bundle.network, SETTING)
    run: Run = simulate(network, spikes[..., :6])
    coarse = dataclasses.replace(bundle, decoder=with_bits(bundle.decoder, 3))
    answers = decode(coarse, torch.from_numpy(run.spikes))["label"].argmax(1).numpy()
    layers = run.counts.totals()["layers"]
    synops = sum(layer["synops"] for layer in layers)
    updates = sum(layer["neuron_updates"] for layer in layers)
    constants = load_devices()["cmos45_integer"].constants
    mac_j = constants["mac"].value_j
    chip_j = synops * constants["ac"].value_j + updates * constants["neuron_update"].value_j
    score = scorer(SETTING)
    assert score.accuracy == (answers == labels).mean()
    assert score.chip_j == pytest.approx(chip_j / len(labels), rel=1e-9)
    assert score.host_j == pytest.approx(12 * 6 * 10 * mac_j, rel=1e-9)
    assert score.energy_j == score.chip_j + score.host_j
    assert Score.from_dict(score.to_dict()) == score
    assert score.cores == len(place(network, find_chip("loihi1")).cores)
    assert score.synops == pytest.approx(synops / len(labels))
    assert score.effective_synops < score.synops
    assert score.spikes > 0
    assert score.objectives == (score.chip_j, score.host_j, score.cores, score.accuracy)


def test_fewer_steps_are_the_answer_that_streams_at_that_step(
    scorer: Scorer, bundle: Bundle, data: tuple[np.ndarray, np.ndarray]
) -> None:
    spikes, labels = data
    answers = [
        answer.logits["label"].argmax()
        for answer in stream_answers(bundle, spikes)
        if answer.step == 4
    ]
    short = dataclasses.replace(uncompressed(bundle.network, 8), steps=5)
    assert scorer(short).accuracy == (np.array(answers) == labels).mean()
    assert scorer(short).accuracy != scorer(uncompressed(bundle.network, 8)).accuracy


def test_where_the_host_multiplies_integers_the_decoder_does_at_rest(
    bundle: Bundle, data: tuple[np.ndarray, np.ndarray]
) -> None:
    for device, bits in (
        ("sram45_integer", 8),
        ("cmos45_float", FLOAT_BITS),
        ("loihi", FLOAT_BITS),
    ):
        assert Scorer(bundle, *data, find_target(device, "loihi1")).decoder_bits == bits
    config = dataclasses.replace(bundle.decoder.config, kind="recurrent", hidden=4)
    odd = dataclasses.replace(bundle, decoder=Decoder(config))
    scorer = Scorer(odd, *data, find_target("sram45_integer", "loihi1"))
    assert scorer.decoder_bits == FLOAT_BITS  # it has no such form


def test_fewer_bits_of_the_decoder_cost_less_memory_of_the_host(
    bundle: Bundle, splits: Splits
) -> None:
    data = samples(TASK.sources(splits).validation, (3, 4, 5))
    scorer = Scorer(bundle, *data, find_target("sram45_integer", "loihi1"))
    eight, two = (scorer(uncompressed(bundle.network, 8, bits)) for bits in (8, 2))
    assert two.host_j < eight.host_j
    assert two.chip_j == eight.chip_j
    assert two.accuracy != eight.accuracy


def test_threads_change_nothing(scorer: Scorer, bundle: Bundle) -> None:
    rest = uncompressed(bundle.network, 8)
    settings = [
        dataclasses.replace(rest, dropped=share / 10, steps=8 - share) for share in range(5)
    ]
    with open_pool(threads=3) as pool:
        assert scorer.all(settings, pool) == [scorer(levers) for levers in settings]


def test_another_process_scores_the_same(scorer: Scorer, bundle: Bundle) -> None:
    """What is sent there is pickled."""
    settings = [dataclasses.replace(uncompressed(bundle.network, 8), steps=7)]
    there = pickle.loads(pickle.dumps(partial(scorer.all, settings)))
    assert there() == scorer.all(settings)


def test_cores_are_those_of_a_fresh_placement(
    bundle: Bundle, data: tuple[np.ndarray, np.ndarray]
) -> None:
    """With 16 thresholds or 12 memory bits a core would differ; here, a chip of small cores."""
    chip = find_chip("loihi1")
    limits = {
        **chip.limits,
        "compartments": msgspec.structs.replace(chip.limits["compartments"], value=9),
    }
    target = dataclasses.replace(
        find_target("loihi", "loihi1"), chip=dataclasses.replace(chip, limits=limits)
    )
    scorer, rest = Scorer(bundle, *data, target), uncompressed(bundle.network, 8)
    for levers in (
        rest,
        dataclasses.replace(rest, thresholds=(2.0, 0.5)),
        dataclasses.replace(rest, dropped=0.5),
        dataclasses.replace(rest, dropped=0.5, steps=3),
        dataclasses.replace(rest, pruned=(0.9, 0.9)),
    ):
        placed = place(compress_network(bundle.network, levers), target.chip)
        assert scorer(levers).cores == len(placed.cores)
    assert scorer(rest).cores > scorer(dataclasses.replace(rest, dropped=0.5)).cores


def test_a_chip_that_does_not_hold_the_network_says_so(
    bundle: Bundle, data: tuple[np.ndarray, np.ndarray]
) -> None:
    chip = find_chip("loihi1")
    limits = {
        **chip.limits,
        "input_axons": msgspec.structs.replace(chip.limits["input_axons"], value=3),
    }
    target = dataclasses.replace(
        find_target("loihi", "loihi1"), chip=dataclasses.replace(chip, limits=limits)
    )
    with pytest.raises(NetworkError, match="input axons"):
        Scorer(bundle, *data, target)(uncompressed(bundle.network, 8))


def test_names_that_nothing_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="device: expected one of loihi"):
        find_target("arm", "loihi1")  # a host, without figures for spikes
    with pytest.raises(InputError, match="chip"):
        find_target("loihi", "loihi9")


def test_a_decoder_without_classes_is_refused(bundle: Bundle) -> None:
    images = DecoderConfig(kind="linear", neurons=12, window_steps=8, heads={"image": 64})
    with pytest.raises(InputError, match="label"):
        prepare(
            dataclasses.replace(bundle, decoder=Decoder(images)), np.zeros((1, 64, 8), np.uint8)
        )
