"""One model, trained once for all tests of the search."""

from __future__ import annotations

import pytest
from small import TASK

from neurodeploy.deploy.bundle import Bundle
from neurodeploy.search.scoring import prepare
from neurodeploy.search.trial import samples
from neurodeploy.signals.datasets import Splits
from neurodeploy.tasks import train_task


@pytest.fixture(scope="session")
def splits() -> Splits:
    return TASK.splits()


@pytest.fixture(scope="session")
def bundle(splits: Splits, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    trained = TASK.bundle(train_task(TASK, splits, tmp_path_factory.mktemp("trained")))
    return prepare(trained, samples(TASK.sources(splits).validation, (0,))[0])
