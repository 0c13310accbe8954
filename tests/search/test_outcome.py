from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from rich.progress import Progress
from small import TASK, plan

import neurodeploy
from neurodeploy._io.executor import HERE
from neurodeploy.cli.search_report import front_tables, picture, save_picture
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.hardware.devices import load_devices
from neurodeploy.search.outcome import Outcome, conclude, load_outcome
from neurodeploy.search.points import candidates_of, front_of, load_points
from neurodeploy.search.trial import Plan, explore_bundle
from neurodeploy.signals.datasets import Splits


def searched(folder: Path) -> Plan:
    return plan(folder, task=TASK, settings=40)


@pytest.fixture(scope="module")
def outcome(bundle: Bundle, splits: Splits, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    chosen = searched(tmp_path_factory.mktemp("search"))
    parameters = {"beta": 0.0031234, "hidden 0": 20}
    points = explore_bundle(
        chosen, bundle, Path("model"), parameters, splits, HERE, Progress(disable=True)
    )
    return conclude(chosen, points, splits, command=["neurodeploy", "levers"])


def test_the_front_is_tested_and_all_points_are_kept(outcome: Outcome) -> None:
    folder = outcome.folder
    assert load_points(folder / "points.json") == outcome.points
    assert load_points(folder / "points.json", "front") == outcome.front
    found = [dataclasses.replace(point, confirmed=None, test=None) for point in outcome.front]
    candidates = candidates_of(outcome.points, searched(folder).loss)
    assert all(point in candidates for point in found)
    assert outcome.front == front_of(outcome.front, searched(folder).loss)
    for point in [*outcome.front, outcome.uncompressed]:
        assert point.confirmed is not None
        assert point.test is not None
        assert (point.validation.samples, point.confirmed.samples, point.test.samples) == (
            *(60, 60, 130),
        )
    written = json.loads((folder / "points.json").read_text())
    assert written["command"] == ["neurodeploy", "levers"]
    assert written["neurodeploy"] == neurodeploy.__version__
    assert written["samples"] == {"validation": 120, "test": 130}
    assert save_picture(outcome).read_bytes().startswith(b"\x89PNG")


def test_the_equal_ann_is_the_first_model_once_with_a_linear_classifier(outcome: Outcome) -> None:
    mac_j = load_devices()["cmos45_integer"].constants["mac"].value_j
    assert outcome.ann_j == pytest.approx((64 * 20 + 20 * 12 + 12 * 10) * mac_j, rel=1e-12)


def test_a_device_without_multiplier_has_no_equal_ann(
    outcome: Outcome, splits: Splits, tmp_path: Path
) -> None:
    folder = shutil.copytree(outcome.folder, tmp_path / "search")
    chosen = dataclasses.replace(searched(folder), device="loihi")
    silent = conclude(chosen, outcome.points, splits, command=[])
    assert silent.ann_j is None
    for shown, there in ((silent, False), (outcome, True)):
        lines = picture(shown).axes[-1].lines
        assert any(line.get_linestyle() == "--" for line in lines) is there


def test_the_table_has_the_front_and_the_model_at_rest(outcome: Outcome) -> None:
    front, models = front_tables(outcome)
    assert len(front.rows) == min(len(outcome.front), 15) + 1
    at, point = len(outcome.front) - 1, outcome.front[-1]
    assert point.confirmed is not None
    assert point.test is not None
    low, high = point.confirmed.interval
    text, *figures = front.rows[-2]
    assert text.startswith(f"{at} m0: {point.levers.steps} steps")
    kept_aside, test, *rest = figures
    assert kept_aside == (
        f"{100 * point.confirmed.accuracy:.1f} ({100 * low:.0f}-{100 * high:.0f})"
    )
    assert test.startswith(f"{100 * point.test.accuracy:.1f} (")
    assert rest == [
        f"{1e6 * point.confirmed.chip_j:.3g}",
        f"{1e6 * point.confirmed.host_j:.3g}",
        f"{point.confirmed.synops:,.0f}",
        f"{point.confirmed.cores}",
    ]
    assert front.rows[-1][0] == "at rest: 8 steps, decoder of 8 bits"
    assert models.rows == [("m0 model", "beta 0.00312, hidden 0 20")]


def test_a_long_front_is_thinned_but_keeps_its_ends_and_numbers(outcome: Outcome) -> None:
    many = dataclasses.replace(outcome, front=[outcome.front[0]] * 30 + [outcome.front[-1]] * 11)
    (front, _) = front_tables(many)
    numbers = [int(row[0].split()[0]) for row in front.rows[:-1]]
    assert len(numbers) == 15
    assert (numbers[0], numbers[-1]) == (0, 40)
    assert front.caption.startswith("26 more are in points.json.")


def test_the_picture_numbers_the_front_and_shows_what_was_not_offered(outcome: Outcome) -> None:
    axis, host, both = picture(outcome).axes
    offered = outcome.uncompressed.confirmed
    assert offered is not None
    scores = [point.confirmed for point in outcome.front if point.confirmed is not None]
    least = min(score.interval[0] for score in [*scores, offered])
    assert [text.get_text() for text in axis.texts] == [str(at) for at in range(len(scores))]
    dominated, _, front, _ = (collection.get_offsets() for collection in axis.collections)
    assert len(dominated) == sum(p.validation.accuracy >= least for p in outcome.points)
    assert len(front) == len(scores)
    parts = (offered.chip_j, offered.host_j, offered.energy_j)
    for panel, energy_j in zip((axis, host, both), parts, strict=True):
        rest = panel.collections[-1].get_offsets()
        assert list(rest[0]) == pytest.approx([1e6 * energy_j, 100 * offered.accuracy])


def test_an_outcome_is_read_back_and_draws_its_front(outcome: Outcome) -> None:
    found = load_outcome(outcome.folder)
    assert found.to_dict() == outcome.to_dict()
    assert found.points == outcome.points
    ax = found.plot("chip", Figure().subplots())
    confirmed = [point.confirmed for point in outcome.front if point.confirmed is not None]
    front = ax.collections[2].get_offsets().tolist()
    assert front == [pytest.approx([1e6 * s.chip_j, 100 * s.accuracy]) for s in confirmed]
    (bars,) = (each for each in ax.collections if isinstance(each, LineCollection))
    ends = [path.vertices[:, 1].tolist() for path in bars.get_paths()]
    assert ends == [pytest.approx([100 * end for end in s.interval]) for s in confirmed]
    assert ax.get_xlabel() == "chip, microjoules a sample"
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert {"not offered", f"at rest, cores: {outcome.uncompressed.validation.cores}"} <= {*legend}
    with pytest.raises(InputError, match="energy: expected one of chip, host, chip and host"):
        found.plot("board")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"front": []}, "a front whose points are confirmed"),
        ({"uncompressed": None}, "points of a search"),
        ({"chip": None}, "chip"),
        ({"ann_j": "much"}, "ann_j"),
    ],
)
def test_what_is_no_finished_search_is_refused(
    outcome: Outcome, tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    written = json.loads((outcome.folder / "points.json").read_text())
    (tmp_path / "points.json").write_text(json.dumps({**written, **changes}))
    with pytest.raises(FileFormatError, match=said):
        load_outcome(tmp_path)


def test_a_score_that_is_none_is_refused(outcome: Outcome, tmp_path: Path) -> None:
    written = json.loads((outcome.folder / "points.json").read_text())
    written["front"][0]["confirmed"]["accuracy"] = "high"
    (tmp_path / "points.json").write_text(json.dumps(written))
    with pytest.raises(FileFormatError, match=r"accuracy: expected a number, found 'high'"):
        load_points(tmp_path / "points.json", "front")
