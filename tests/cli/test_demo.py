"""The whole line on small digits, through Lava, with everything it writes."""

from __future__ import annotations

import dataclasses
import io
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from rich.progress import Progress
from typer.testing import CliRunner

from neurodeploy.cli.demo import run_demo
from neurodeploy.cli.demo_report import measured, summary_tables, write_demo_report
from neurodeploy.cli.demo_results import Results
from neurodeploy.cli.main import app
from neurodeploy.deploy.bundle import load_bundle
from neurodeploy.experiments.oracle import train_oracle
from neurodeploy.tasks import TASKS
from neurodeploy.tasks.shipped import DIGITS

SMALL = dataclasses.replace(
    DIGITS,
    test=40,
    training=dataclasses.replace(DIGITS.training, epochs=6),
)


def demo(folder: Path) -> Results:
    console = Console(file=io.StringIO())
    with Progress(disable=True) as progress:
        return run_demo(SMALL, folder, engine="lava", progress=progress, console=console)


@pytest.fixture(scope="module", autouse=True)
def quick_oracle() -> Iterator[None]:
    """Small digits need no more."""
    with pytest.MonkeyPatch.context() as patch:
        quick = partial(train_oracle, steps=200)
        patch.setattr("neurodeploy.cli.demo.train_oracle", quick)
        yield


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Path]:
    folder = tmp_path_factory.mktemp("demo")
    return demo(folder), folder


def test_deployed_spikes_are_the_trained_ones(results: tuple[Results, Path]) -> None:
    assert results[0].agreement.exact
    assert all(layer.spikes > 100 for layer in results[0].agreement.layers)


def test_it_learns(results: tuple[Results, Path]) -> None:
    found = results[0].to_dict()
    assert found["accuracy_deployed"] > 0.7
    assert found["oracle_deployed"] > 0.5
    assert found["accuracy_deployed"] == found["accuracy_zero_temperature"]
    assert found["log_loss_deployed"] == pytest.approx(found["log_loss_zero_temperature"], rel=1e-5)
    json.dumps(found)


def test_the_answer_gets_better_with_time(results: tuple[Results, Path]) -> None:
    curve = results[0].accuracy_by_step
    assert curve is not None
    assert len(curve) == 16
    assert curve[-1] > curve[2] + 0.2


def test_the_bundle_is_what_ran(results: tuple[Results, Path]) -> None:
    bundle = load_bundle(results[1] / "bundle")
    for one, other in zip(bundle.network.layers, results[0].bundle.network.layers, strict=True):
        np.testing.assert_array_equal(one.weight, other.weight)


def test_a_second_run_repeats_nothing(
    results: tuple[Results, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("open_engine", "train_oracle"):
        monkeypatch.setattr(f"neurodeploy.cli.demo.{name}", lambda *_, **__: pytest.fail("again"))
    first, again = results[0].to_dict(), demo(results[1]).to_dict()
    assert first.pop("seconds") != again.pop("seconds")
    assert first == again


def test_report_and_summary(results: tuple[Results, Path]) -> None:
    page = write_demo_report(results[0], results[1], "neurodeploy demo --task digits")
    assert page is not None
    text = page.read_text()
    assert "Not a measurement" in text
    assert "neurodeploy demo --task digits" in text
    run = measured(results[0], results[1], "")
    assert run.accuracy is not None
    assert run.accuracy.value == results[0].accuracy
    np.testing.assert_array_equal(run.accuracy.by_step, results[0].accuracy_by_step)
    assert run.cost["proxies"]["loihi"]["chip"] == results[0].costs["proxies"]["loihi"]["chip"]
    assert len(run.history) == 6
    for name in ("reconstructions", "raster", "anytime", "cost"):
        assert (results[1] / f"{name}.png").stat().st_size > 5000
    titles = [table.title for table in summary_tables(results[0])]
    assert titles[0] == "Quality on the test set"


def test_without_what_the_page_is_made_with_it_finishes_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorter = dataclasses.replace(SMALL, training=dataclasses.replace(SMALL.training, epochs=1))
    monkeypatch.setitem(TASKS, "digits", shorter)
    monkeypatch.setitem(sys.modules, "altair", None)
    words = ["demo", "--task", "digits", "--out", str(tmp_path / "run"), "--engine", "native"]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0
    assert "No page: altair is not installed. `pip install 'neurodeploy[report]'`" in done.stdout
    assert f"Then: neurodeploy report {tmp_path / 'run'}" in done.stdout
    assert (tmp_path / "run/cost.png").is_file()
    assert not (tmp_path / "run/report.html").exists()
    again = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert again["report"] is None
    assert again["accuracy_deployed"] > 0
