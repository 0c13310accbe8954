"""A corpus is found where people put it; where it is not, the error says what to fetch."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_corpora import WRITERS

from neurodeploy.errors import InputError
from neurodeploy.signals.corpora.layouts import IDX_IMAGES, LAYOUTS, VARIABLE
from neurodeploy.tasks.idx_images import IdxTask
from neurodeploy.tasks.recorded import RecordedTask
from neurodeploy.tasks.registry import TASKS, task

FOLDERS = dict(zip(("spoken-digits", "nmnist", "shd", "idx-images"), WRITERS, strict=True))
FOLDERS["new-voices"] = FOLDERS["spoken-digits"]


def test_every_task_that_reads_a_folder_has_a_layout() -> None:
    reading = {name for name in TASKS if isinstance(task(name), RecordedTask | IdxTask)}
    assert set(LAYOUTS) == set(FOLDERS) == reading


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_corpus_is_found_itself_or_below(
    name: str, corpora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, folder = LAYOUTS[name], corpora / FOLDERS[name]
    assert layout.find(folder) == layout.find(corpora) == folder
    monkeypatch.setenv(VARIABLE, str(corpora))
    assert layout.find(None) == folder


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_is_missing_is_said(name: str, tmp_path: Path) -> None:
    for data_dir, found in ((None, "no folder named"), (tmp_path, "none in")):
        with pytest.raises(InputError, match=f"{found}.* Fetch .*--data-dir.*{VARIABLE}"):
            LAYOUTS[name].find(data_dir)
    with pytest.raises(InputError, match=r"expected a folder .*, found none"):
        LAYOUTS[name].find(tmp_path / "nowhere")


def test_two_sets_of_images_are_not_chosen_between(tmp_path: Path) -> None:
    for name in ("kmnist", "mnist"):
        WRITERS["fashion"](tmp_path / name)
    with pytest.raises(InputError, match=r"found kmnist, mnist\. Name one of them by --data-dir"):
        IDX_IMAGES.find(tmp_path)
