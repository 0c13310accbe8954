"""Many trainings of one task, chosen by Optuna, and the levers of every model that they give.

::

    runs/tune/
      study.journal          Optuna's study: what was tried, and how good it was at rest
      trials/3f2a.../        one training, named by its task, so that none is made twice
        train/               checkpoints; an interrupted training goes on
        trained/             the bundle, its hidden neurons in the order of their worth
        points.json          its levers, scored on validation

Optuna learns from the models at rest, which is what training can change. A trial that was
interrupted, however hard, is taken up again by the next call with this folder; one after another
the study then is the one that an uninterrupted call would have made.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState
from rich.progress import Progress

from neurodeploy._io.executor import HERE, Pool
from neurodeploy._io.files import atomic_path, require_folder
from neurodeploy.errors import (
    FileFormatError,
    InputError,
    NeurodeployError,
    TrainingError,
    message,
)
from neurodeploy.search.explore import DIRECTIONS, silence_optuna
from neurodeploy.search.points import POINTS_FILE, Point, load_points
from neurodeploy.search.space import describe, fingerprint, search_space, with_parameters
from neurodeploy.search.trial import Plan, run_trial

JOURNAL, LOCK = "study.journal", "lock"

ERROR = "error"
"""Attribute of a trial that failed by itself, and was not interrupted."""


def tune(
    plan: Plan,
    progress: Progress,
    *,
    pool: Pool = HERE,
    threads: int = 1,
    budget_s: float = math.inf,
) -> list[Point]:
    """Train as many models as planned, or go on, and give the points of all.

    Parameters
    ----------
    plan : Plan
        A folder holds one plan; only its number of trials may change.
    progress : rich Progress
        Shows how many trials are done and, where they run here, what they do.
    pool : Pool
        Where trials run: here, or in processes of one thread each. The study is told here only.
    threads : int
        Settings that a trial scores at a time.
    budget_s : float
        No trial starts after so many seconds.

    Returns
    -------
    list of Point
        Of all trials so far, scored on validation; those of the task itself come first.

    Raises
    ------
    InputError
        The folder is of another plan, is in use, or cannot be written.
    FileFormatError
        The study in the folder is damaged.
    TrainingError
        Workers died again and again, or no trial succeeded.
    """
    require_folder(plan.folder)
    plan.target()
    with _alone(plan.folder):
        _mend(plan.folder / JOURNAL)
        study = _open_study(plan)
        _take_up(study)
        bar = progress.add_task("trials", total=plan.trials, completed=len(_finished(study)))
        ends = time.monotonic() + budget_s
        sent = replace(plan, folder=plan.folder.absolute())
        shown = {"progress": progress} if pool is HERE else {}  # it cannot be sent elsewhere

        def jobs() -> Iterator[tuple[Trial, Callable[[], list[Point]]]]:
            while time.monotonic() < ends and (trial := _next_trial(study, plan)) is not None:
                yield trial, partial(run_trial, sent, trial.params, threads=threads, **shown)

        for trial, done in pool.completed(jobs()):
            _tell(study, plan, trial, done)
            done_so_far = len(_finished(study))
            progress.update(bar, advance=1, line=f"{done_so_far} of {plan.trials} trials")
            for each in progress.task_ids:
                if each != bar:
                    progress.remove_task(each)
        return _points(plan, study)


def _tell(study: optuna.Study, plan: Plan, trial: Trial, done: Future[list[Point]]) -> None:
    """Tell the study of a trial; if it was interrupted, it stays running in the study."""
    try:
        rest = done.result()[0].validation
    except NeurodeployError as error:
        trial.set_user_attr(ERROR, str(error))
        study.tell(trial, state=TrialState.FAIL)
        return
    before = [each.values[-1] for each in _finished(study) if each.values]
    loss = max([rest.accuracy, *before]) - rest.accuracy
    trial.set_constraint("loss", loss - plan.loss)
    study.tell(trial, rest.objectives)


def _next_trial(study: optuna.Study, plan: Plan) -> Trial | None:
    """The next one that waits, or that the sampler proposes; None if all have begun.

    The sampler is seeded by the number of trials before, so that an interrupted study goes on as
    it would have gone on.
    """
    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    begun = len(_finished(study)) + states.count(TrialState.RUNNING)
    if begun >= plan.trials and TrialState.WAITING not in states:
        return None
    seed = np.random.SeedSequence([plan.seed, begun]).generate_state(1)[0]
    study.sampler = optuna.samplers.TPESampler(seed=int(seed))
    return study.ask(
        {name: parameter.distribution for name, parameter in search_space(plan.task).items()}
    )


def _finished(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that succeeded, or failed by themselves."""
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state == TrialState.COMPLETE or ERROR in trial.user_attrs
    ]


def _take_up(study: optuna.Study) -> None:
    """Let trials that were interrupted wait for a worker again, with the same parameters."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)


def _open_study(plan: Plan) -> optuna.Study:
    """The study of a folder; a new one begins with the task as it is."""
    silence_optuna()
    path = plan.folder / JOURNAL
    try:
        study = optuna.create_study(
            study_name="tune",
            storage=JournalStorage(JournalFileBackend(str(path))),
            directions=DIRECTIONS,
            load_if_exists=True,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise FileFormatError(message(f"study {path}", "a journal of Optuna", error)) from error
    identity = _identity(plan)
    if not study.user_attrs:
        own = {name: parameter.current for name, parameter in search_space(plan.task).items()}
        study.enqueue_trial(own, skip_if_exists=True)
        study.set_user_attr("plan", identity)
    found = study.user_attrs.get("plan", {})
    for name, value in identity.items():
        if found.get(name) != value:
            where, remedy = f"study {path}, {name}", "Take another folder, or ask for what it has."
            raise InputError(message(where, found.get(name), value, remedy))
    return study


def _identity(plan: Plan) -> dict[str, Any]:
    """What must not change between the calls that share a folder."""
    target = plan.target()
    prices = {name: each.value_j for name, each in target.device.constants.items()}
    return {
        "task": describe(plan.task),
        "device": [plan.device, prices, target.host.constants["mac"].value_j],
        "chip": [plan.chip, {name: limit.value for name, limit in target.chip.limits.items()}],
        "objectives": ["chip_j", "host_j", "cores", "accuracy"],
        "settings": plan.settings,
        "fine_tuned": [list(each) for each in plan.fine_tuned],
        "loss": plan.loss,
        "seed": plan.seed,
    }


def _points(plan: Plan, study: optuna.Study) -> list[Point]:
    """Points of all trials that succeeded, of the task itself first."""
    finished = _finished(study)
    names = dict.fromkeys(
        fingerprint(with_parameters(plan.task, trial.params))
        for trial in finished
        if trial.state == TrialState.COMPLETE
    )
    own = fingerprint(plan.task)
    homes = [plan.folder / "trials" / name for name in sorted(names, key=own.__ne__)]
    if not homes:
        found = finished[0].user_attrs[ERROR] if finished else "none within the budget"
        raise TrainingError(message(f"tuning in {plan.folder}", "a trial that succeeds", found))
    return [point for home in homes for point in load_points(home / POINTS_FILE)]


def _mend(journal: Path) -> None:
    """Take away what a kill may have left: Optuna's lock, and half of a line."""
    journal.with_name(f"{journal.name}.lock").unlink(missing_ok=True)
    if journal.exists():
        text = journal.read_bytes()
        whole = text[: text.rfind(b"\n") + 1]
        if whole != text:
            with atomic_path(journal) as draft:
                draft.write_bytes(whole)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder against other calls, until the block ends or the process does."""
    with (folder / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            expected, found = "a folder that nobody tunes in", "another call that does"
            raise InputError(message(f"output {folder}", expected, found)) from error
        yield
