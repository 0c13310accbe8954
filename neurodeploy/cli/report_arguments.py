"""Arguments of `report`, checked before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from neurodeploy._io.files import require_file
from neurodeploy.cli.arguments import given, output_file, tasks
from neurodeploy.cli.input_arguments import folder_of, of_own_task, task_of
from neurodeploy.cli.runs import CHECKPOINT
from neurodeploy.deploy.manifest import MANIFEST_FILE, require_decoder
from neurodeploy.deploy.opening import OpenBundle, is_bundle, open_bundle
from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.report.extra import require_charts
from neurodeploy.signals.corpora.layouts import LAYOUTS
from neurodeploy.tasks.registry import TASKS

POINTS = "points.json"
Opening: TypeAlias = "AbstractContextManager[OpenBundle]"


@dataclass(frozen=True, kw_only=True)
class ReportSource:
    """What a person named: a bundle, or a run whose model is exported for the report.

    Parameters
    ----------
    name : str
        By which runs are told apart.
    task : str
        Of ours, that it says it is of; empty where nobody said.
    training : path
        Folder that may hold ``metrics.jsonl``.
    bundle : OpenBundle, optional
        If there is one.
    checkpoint : path, optional
        Else.
    """

    name: str
    task: str
    training: Path
    bundle: OpenBundle | None = None
    checkpoint: Path | None = None

    @property
    def network_sha256(self) -> str:
        """Checksum of its network; empty where it was not exported."""
        return "" if self.bundle is None else self.bundle.manifest.network.sha256


def report_source(path: Path, held: Callable[[Opening], OpenBundle]) -> ReportSource:
    """What lies in a folder: a bundle, a run with one, or a run with a checkpoint.

    Parameters
    ----------
    path : path
    held : function of a context manager
        Enters it, and leaves it when the command ends.

    Raises
    ------
    FileFormatError
        None of them, or a damaged bundle.
    InputError
        A bundle without a decoder.
    """
    name = _folder(path).name
    training = path / "train" if (path / "train").is_dir() else path
    for bundle in (path, path / "bundle"):
        if (bundle / MANIFEST_FILE).is_file() or (bundle.is_file() and is_bundle(bundle)):
            opened = held(open_bundle(bundle))
            require_decoder(opened.manifest.decoder, f"bundle {bundle}")
            where = path.absolute().parent if path.name == "bundle" else training
            return ReportSource(name=name, task=opened.task, training=where, bundle=opened)
    if (training / CHECKPOINT).is_file():
        known = path.absolute().parent.name
        task = known if known in TASKS else ""
        return ReportSource(
            name=name, task=task, training=training, checkpoint=training / CHECKPOINT
        )
    expected = f"a bundle, or a run with a bundle or a {CHECKPOINT}"
    found = "neither" if path.is_dir() else "no such folder"
    raise FileFormatError(message(f"report {path}", expected, found))


def _sources(context: typer.Context, paths: Any) -> list[ReportSource]:
    """Runs of paths; on Python 3.10 typer would take ``list[Path]`` for a class."""
    folders = [_folder(path) for path in paths]
    twice = next((each for each in folders if folders.count(each) > 1), None)
    if twice is not None:
        raise InputError(message("report", "each run once", f"{twice.name} twice"))
    sources = [report_source(path, context.find_root().with_resource) for path in paths]
    named = zip(sources, names_apart(folders), strict=True)
    return [replace(source, name=name) for source, name in named]


def _folder(path: Path) -> Path:
    """The run that a path is of: a bundle of the name ``bundle`` is one of the folder around it."""
    found = path.resolve()
    return found.parent if found.name == "bundle" else found


def names_apart(folders: Sequence[Path]) -> list[str]:
    """Of each of several absolute paths the shortest end that no other has."""

    def shortest(folder: Path) -> str:
        lengths = range(1, len(folder.parts) + 1)
        ends = (folder.parts[-length:] for length in lengths)
        others = [other.parts for other in folders if other != folder]
        own = next(end for end in ends if all(other[-len(end) :] != end for other in others))
        return Path(*own).as_posix()

    return [shortest(folder) for folder in folders]


def _data(context: typer.Context, data: str | None) -> str | None:
    """Each run has a task: the one that is named, or its own; a folder is for those of data."""
    if data is not None and folder_of(data) is None:
        return task_of(data)
    sources: list[ReportSource] = context.params["sources"]
    if data is not None and not any(source.task in LAYOUTS for source in sources):
        expected = f"a run of a task that reads a folder: {', '.join(LAYOUTS)}"
        found = ", ".join(source.task or "no task of ours" for source in sources)
        raise InputError(message(f"option --data {data}", expected, found))
    for source in sources:
        if source.task not in TASKS:
            where = f"report {source.name}, test part"
            expected = "a task of ours, or --data with the name of one, such as package.module:NAME"
            found = f"task {source.task}" if source.task else "none that is known"
            raise InputError(message(where, expected, found, of_own_task(source.task)))
        if source.task in LAYOUTS:
            LAYOUTS[source.task].find(data)
    return data


def _page(path: Path) -> Path:
    require_charts()
    return output_file(path)


def _front(folder: Path) -> Path:
    require_file(folder / POINTS, "points")
    return folder


SourcesArgument = Annotated[
    list[ReportSource],
    typer.Argument(
        help="Runs or bundles; several are compared.",
        metavar="RUN|BUNDLE...",
        path_type=Path,
        callback=_sources,
        is_eager=True,
    ),
]
ReportDataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        help="The task whose test part is measured, or the folder of data of the run's own task; "
        "by default that task.",
        callback=_data,
        autocompletion=tasks,
    ),
]
PageOption = Annotated[Path, typer.Option("--out", help="The page, one HTML file.", callback=_page)]
FrontOption = Annotated[
    Path | None,
    typer.Option(
        "--front", help="Folder of `tune` or `levers`, for its front.", callback=given(_front)
    ),
]
ReportSamplesOption = Annotated[
    int | None, typer.Option("--samples", help="Of the test part, at most; all by default.", min=1)
]
ShownOption = Annotated[
    int, typer.Option("--shown", help="Samples to look at, and as many failures.", min=1, max=50)
]
