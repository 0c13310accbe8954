"""Tasks by name: ours, and a person's own by import path."""

from __future__ import annotations

import dataclasses
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from neurodeploy.errors import InputError
from neurodeploy.tasks import task
from neurodeploy.tasks.shipped import DIGITS

OWN = """
import dataclasses
from neurodeploy.tasks import task

SMALL = dataclasses.replace(task("digits"), train=64, validation=32, test=32)

def made():
    return dataclasses.replace(SMALL, readout=7)

NUMBER = 3
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tasks_of_a_person.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)


def test_ours_have_short_names() -> None:
    assert task("digits") == dataclasses.replace(DIGITS, name="digits")


def test_an_instance_or_what_makes_one_is_found_by_import_path() -> None:
    assert task("tasks_of_a_person:SMALL").training == DIGITS.training
    assert task("tasks_of_a_person:made").readout == 7


def test_an_installed_package_offers_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="small", value="tasks_of_a_person:SMALL", group="neurodeploy.tasks")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [point])
    assert task("small").notes()["train"] == 64
    with pytest.raises(InputError, match=r"one of digits, .*, small, spoken-digits, or package"):
        task("smal")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("tasks_of_a_person:NUMBER", "a Task, or a call that gives one, found 3"),
        ("tasks_of_a_person:NOTHING", "'NOTHING' in module tasks_of_a_person, found none"),
        ("imagenet", "found 'imagenet'"),
    ],
)
def test_what_is_no_task_is_refused(name: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        task(name)
    assert says in str(error.value)
