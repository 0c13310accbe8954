from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from small import TASK

from neurodeploy.deploy.bundle import Bundle, load_bundle, save_bundle
from neurodeploy.errors import FileFormatError, InputError, NetworkError
from neurodeploy.search.compression import Levers, uncompressed
from neurodeploy.search.points import (
    POINTS_FILE,
    Point,
    candidates_of,
    chosen_point,
    front_of,
    load_points,
    point_bundle,
    save_points,
)
from neurodeploy.search.scoring import Score, Scorer, find_target
from neurodeploy.search.trial import samples
from neurodeploy.signals.datasets import Splits

LEVERS = Levers(
    thresholds=(1.5, 0.75),
    dropped=0.4,
    weight_bits=(3, 5),
    pruned=(0.35, 0.1),
    steps=7,
    decoder_bits=4,
)


def point(
    accuracy: float, chip_j: float, cores: int, name: str = "m", *, host_j: float = 1e-6
) -> Point:
    score = Score(
        accuracy=accuracy,
        samples=100,
        chip_j=chip_j,
        host_j=host_j,
        cores=cores,
        synops=5.5,
        effective_synops=4.25,
        spikes=3.125,
    )
    return Point(model=name, parameters={"beta": 0.5}, levers=LEVERS, validation=score)


def confirmed(found: Point, accuracy: float, samples: int = 1000) -> Point:
    score = dataclasses.replace(found.validation, accuracy=accuracy, samples=samples)
    return dataclasses.replace(found, confirmed=score)


def test_the_front_is_of_points_that_no_other_one_beats() -> None:
    best, small, cheap, dominated, poor = (
        confirmed(point(*figures), figures[0])
        for figures in (
            *((0.9, 5e-6, 4), (0.9, 6e-6, 2), (0.85, 1e-6, 4)),
            *((0.85, 6e-6, 2), (0.2, 1e-9, 1)),
        )
    )
    assert front_of([best, poor, dominated, small, cheap], loss=0.1) == [cheap, best, small]
    assert front_of([best, poor, dominated, small, cheap], loss=0.0) == [best, small]
    assert front_of([best, poor], loss=1.0) == [poor, best]


def test_chip_and_host_are_objectives_apart() -> None:
    """A small decoder is offered beside a small chip, also where their sums are the same."""
    chip, host, worse = (
        confirmed(point(0.9, chip_j, 1, host_j=host_j), 0.9)
        for chip_j, host_j in ((1e-6, 9e-6), (9e-6, 1e-6), (9e-6, 2e-6))
    )
    assert front_of([chip, worse, host], loss=0.1) == [chip, host]


def test_candidates_are_the_front_and_what_only_it_beats() -> None:
    worse = [point(0.9 - 0.01 * place, (place + 1) * 1e-6, 4) for place in range(6)]
    assert candidates_of(worse[::-1], loss=0.1) == worse[:3]
    assert candidates_of(worse, loss=0.0) == worse[:1]


def test_a_point_that_was_lucky_where_it_was_searched_is_not_offered() -> None:
    rest = confirmed(point(0.97, 9e-6, 4), 0.96)
    lucky = confirmed(point(0.97, 5e-6, 4), 0.70)
    cheap = confirmed(point(0.95, 2e-6, 1), 0.95)
    unsure = confirmed(point(0.97, 1e-6, 1), 0.96, samples=12)
    assert front_of([rest, lucky, cheap, unsure], loss=0.1) == [cheap, rest]


def test_points_are_read_back(tmp_path: Path) -> None:
    plain = point(0.5, 2e-6, 3)
    tested = dataclasses.replace(plain, test=dataclasses.replace(plain.validation, accuracy=0.25))
    notes = {"device": "loihi", "front": [tested.to_dict()]}
    save_points(tmp_path / POINTS_FILE, [plain, tested], notes)
    assert load_points(tmp_path / POINTS_FILE) == [plain, tested]
    assert chosen_point(tmp_path, 0) == tested
    assert json.loads((tmp_path / POINTS_FILE).read_text())["device"] == "loihi"
    for number in (-1, 1):
        with pytest.raises(InputError, match="0 to 0"):
            chosen_point(tmp_path, number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"schema_version": 2, "points": []}',
        '{"schema_version": 3}',
        '{"schema_version": 3, "points": [{}]}',
        '{"schema_version": 3, "points": 3}',
    ],
)
def test_damaged_points_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / POINTS_FILE).write_text(text)
    with pytest.raises(FileFormatError, match=r"points\.json"):
        load_points(tmp_path / POINTS_FILE)


def test_a_point_is_deployed_as_it_was_scored(
    bundle: Bundle, splits: Splits, tmp_path: Path
) -> None:
    """From the file of the network that was changed, with no lever left to set."""
    spikes, labels = samples(TASK.sources(splits).test, (1,))
    target = find_target("loihi", "loihi1")
    save_bundle(bundle, tmp_path / "model")
    scored = Scorer(bundle, spikes, labels, target)(LEVERS)
    chosen = dataclasses.replace(point(0, 0, 0, "model"), levers=LEVERS)
    save_bundle(point_bundle(tmp_path, chosen), tmp_path / "picked")
    picked = load_bundle(tmp_path / "picked")
    assert picked.notes["levers"] == LEVERS.to_dict()
    assert picked.notes["dataset"] == "digits"
    assert (picked.steps, picked.encoding.steps, picked.encoder) == (7, 8, None)
    assert picked.decoder.config.bits == 4
    still = uncompressed(picked.network, picked.steps, 4)
    assert Scorer(picked, spikes, labels, target)(still) == scored
    assert picked.network.layers[0].weight.shape == (12, 64)  # type: ignore[union-attr]


def test_a_model_that_netx_changes_is_not_deployed(bundle: Bundle, tmp_path: Path) -> None:
    first, last = bundle.network.layers
    odd = dataclasses.replace(first, weight=first.weight + 501)  # type: ignore[union-attr, call-arg]
    network = dataclasses.replace(bundle.network, layers=(odd, last))
    save_bundle(dataclasses.replace(bundle, network=network), tmp_path / "model")
    chosen = dataclasses.replace(point(0, 0, 0, "model"), levers=uncompressed(network, 8))
    with pytest.raises(NetworkError, match="weight"):
        point_bundle(tmp_path, chosen)
