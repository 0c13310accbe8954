"""What to fetch, where it lies, and how it is found. Nothing here imports numpy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from neurodeploy.errors import InputError, message

VARIABLE = "NEURODEPLOY_DATA"
"""Environment variable that names the folder of all data."""

OPTIONS = "--data-dir of train, or --data elsewhere"

REMEDY = f"Name the folder by {OPTIONS}, or all data's once by {VARIABLE}."


def data_folder(data_dir: Path | str | None) -> Path | None:
    """A folder that was given, or that of the environment variable, if it names one."""
    named = data_dir if data_dir is not None else os.environ.get(VARIABLE)
    return Path(named) if named else None


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a set of recordings lies in a folder.

    Parameters
    ----------
    title : str
        What it is called in the field.
    files : str
        Its files, for a person.
    fetch : str
        Where they come from.
    folders : tuple of str
        Names that its folder has below one for all data.
    marks : tuple of str
        Patterns of paths in its folder, each of which a file must fit.
    """

    title: str
    files: str
    fetch: str
    folders: tuple[str, ...]
    marks: tuple[str, ...]

    def fits(self, folder: Path) -> bool:
        """Whether the set lies in a folder itself."""
        return all(next(folder.glob(mark), None) is not None for mark in self.marks)

    def find(self, data_dir: Path | str | None) -> Path:
        """The set's folder: the one given, or one of its names below it.

        Parameters
        ----------
        data_dir : path, optional
            The environment variable's if not given.

        Raises
        ------
        InputError
            It is not there; the message says what to fetch and where to put it.
        """
        root, where = data_folder(data_dir), f"data, {self.title}"
        if root is None:
            raise InputError(message(where, self.files, "no folder named", self._remedy()))
        if not root.is_dir():
            raise InputError(message(where, f"a folder {root}", "none", self._remedy()))
        found = [folder for folder in self._places(root) if self.fits(folder)]
        if not found:
            raise InputError(message(where, self.files, f"none in {root}", self._remedy()))
        if len(found) > 1:
            names = ", ".join(folder.name for folder in found)
            remedy = f"Name one of them by {OPTIONS}."
            raise InputError(message(where, f"one set in {root}", names, remedy))
        return found[0]

    def _places(self, root: Path) -> Iterator[Path]:
        yield root
        yield from (root / name for name in self.folders if (root / name).is_dir())

    def _remedy(self) -> str:
        return f"Fetch {self.fetch} into a folder {self.folders[0]}. {REMEDY}"


@dataclass(frozen=True, kw_only=True)
class AnyFolder(Layout):
    """A set that has no name of its own: any folder below one for all data may hold it."""

    def _places(self, root: Path) -> Iterator[Path]:
        yield root
        if not self.fits(root):
            yield from sorted(folder for folder in root.iterdir() if folder.is_dir())


SPOKEN_DIGITS = Layout(
    title="the Free Spoken Digit Dataset",
    files="WAV files DIGIT_SPEAKER_TAKE.wav",
    fetch="the recordings of Zenodo record 1342401",
    folders=("fsdd", "FSDD", "free-spoken-digit-dataset/recordings", "recordings"),
    marks=("[0-9]_*_[0-9]*.wav",),
)
N_MNIST = Layout(
    title="N-MNIST",
    files="files Train/DIGIT/NUMBER.bin and Test/DIGIT/NUMBER.bin",
    fetch="Train.zip and Test.zip of Orchard et al. 2015, unpacked,",
    folders=("nmnist", "N-MNIST", "NMNIST"),
    marks=("Test/*/*.bin",),
)
SPIKING_DIGITS = Layout(
    title="the Spiking Heidelberg Digits",
    files="files shd_train.h5 and shd_test.h5",
    fetch="shd_train.h5 and shd_test.h5 of Cramer et al. 2020, unpacked,",
    folders=("shd", "SHD"),
    marks=("shd_train.h5", "shd_test.h5"),
)
IDX_IMAGES = AnyFolder(
    title="images in IDX files",
    files="files *train-images* and *t10k-images* or *test-images*, labels beside them",
    fetch="the four files of MNIST, Fashion-MNIST, KMNIST or EMNIST, gzipped or not,",
    folders=("mnist",),
    marks=("*train-images*",),
)

LAYOUTS: dict[str, Layout] = {
    "spoken-digits": SPOKEN_DIGITS,
    "new-voices": SPOKEN_DIGITS,
    "nmnist": N_MNIST,
    "shd": SPIKING_DIGITS,
    "idx-images": IDX_IMAGES,
}
"""Of the tasks that read a person's folder, by the task's name."""
