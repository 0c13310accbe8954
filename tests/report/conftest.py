"""A small bundle of digits, barely trained, measured once for all tests of the report."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from neurodeploy.deploy.bundle import Bundle, load_bundle, save_bundle
from neurodeploy.deploy.manifest import NETWORK_FILE, sha256
from neurodeploy.report.gather import gather
from neurodeploy.report.measured import Measured
from neurodeploy.report.pieces import run_pieces
from neurodeploy.signals.datasets import Splits
from neurodeploy.tasks.image import ImageTask
from neurodeploy.tasks.shipped import DIGITS
from neurodeploy.tasks.training import train_task

SMALL = dataclasses.replace(
    DIGITS,
    name="digits",
    train=400,
    test=60,
    training=dataclasses.replace(DIGITS.training, epochs=2),
)


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImageTask, Splits, Bundle, Path]:
    """The task, its data, a bundle, and the run's folder with the bundle in it."""
    folder = tmp_path_factory.mktemp("digits")
    splits = SMALL.splits()
    model = train_task(SMALL, splits, folder)
    save_bundle(SMALL.bundle(model), folder / "bundle")
    return SMALL, splits, load_bundle(folder / "bundle"), folder


@pytest.fixture(scope="session")
def measured(digits: tuple[ImageTask, Splits, Bundle, Path]) -> Measured:
    """All of the test part."""
    task, splits, bundle, folder = digits
    test = task.sources(splits).test
    pieces = run_pieces(bundle, test, samples=60, seed=1, engine="native")
    return gather(
        bundle,
        task,
        splits,
        pieces,
        name="</script><b>digits",
        commands=["neurodeploy train digits", "neurodeploy report digits"],
        network_sha256=sha256(folder / "bundle" / NETWORK_FILE),
    )
