"""The command that answers while its input still comes: stream."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy._io.limits import DEFAULT
from neurodeploy.cli.app import command, first_steps, notes, out, print_json
from neurodeploy.cli.arguments import (
    AllowImportOption,
    EngineOption,
    InputShapeOption,
    JsonOption,
    MaxMemoryOption,
    RuleOption,
    shape_of,
)
from neurodeploy.cli.input_arguments import EncodingSeedOption, SamplesOption
from neurodeploy.cli.network_arguments import NetworkArgument
from neurodeploy.cli.stream_arguments import (
    OF_A_TASK,
    STANDARD_INPUT,
    CameraOption,
    DtOption,
    EventsOption,
    EveryOption,
    ListenOption,
    PolicyOption,
    QueueOption,
    StallOption,
    StepsOption,
    StopAtOption,
    StreamDataOption,
    StreamInputOption,
    UnitOption,
)
from neurodeploy.deploy.policies import BLOCK
from neurodeploy.engines.registry import DEFAULT_ENGINE
from neurodeploy.errors import InputError, message

if TYPE_CHECKING:
    from neurodeploy.deploy.host_side import Answer
    from neurodeploy.deploy.parts import ChipPart


@command("PyTorch and the {engine} engine")
def stream(
    network: NetworkArgument,
    input_file: StreamInputOption = None,
    listen: ListenOption = None,
    events: EventsOption = None,
    data: StreamDataOption = None,
    samples: SamplesOption = None,
    seed: EncodingSeedOption = 1,
    dt: DtOption = None,
    time_unit: UnitOption = None,
    shape: CameraOption = None,
    steps: StepsOption = None,
    engine: EngineOption = DEFAULT_ENGINE,
    rule: RuleOption = None,
    every: EveryOption = 1,
    stop_at: StopAtOption = None,
    policy: PolicyOption = BLOCK,
    queue: QueueOption = None,
    stall_s: StallOption = None,
    allow_import: AllowImportOption = False,
    input_shape: InputShapeOption = None,
    limits: MaxMemoryOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Stream spikes step by step into the host decoder; print answers as they form.

    A network without a decoder is read by a rule. With --json, one JSON object a line for every
    answer.
    """
    from neurodeploy.cli.inputs import read_deployed
    from neurodeploy.deploy.parts import chip_part
    from neurodeploy.deploy.stream import Stream

    deployed = read_deployed(network, shape_of(input_shape), allow_import, limits)
    part = chip_part(deployed)
    live = listen is not None or input_file == STANDARD_INPUT
    known = steps or getattr(deployed, "steps", None)
    with contextlib.ExitStack() as held:
        if network.bundle is not None:
            from neurodeploy.learn.threads import on_threads

            held.enter_context(on_threads(1))  # the decoder leaves a core to the engine
        if live:
            if samples is not None:
                raise InputError(message("option --samples", "whole samples", "lines of steps"))
            source: Any = _lines(part, listen, stall_s, held)
        elif events is not None:
            if known is None:
                raise InputError(message("option --steps", "steps of a sample", "none"))
            source = islice(_recorded(events, known, dt, time_unit, shape), samples)
        else:
            source = _spikes(input_file, data, samples, seed, part)
            known = source.shape[-1]
        streaming = Stream(
            deployed,
            engine,
            rule=rule,
            wanted=lambda step: (step + 1) % every == 0 or step + 1 == known,
            stop_at=stop_at,
            policy=policy,
            queue_steps=queue,
            steps=steps,
        )
        for answer in streaming.answers(source):
            if as_json:
                print_json({**answer.to_dict(), "times": asdict(answer.times)})
            else:
                out().print(_said(answer, streaming.rule), highlight=False, markup=False)
    counts = streaming.counts
    if counts.dropped or counts.left_out:
        text = f"{counts.run} steps run, {counts.left_out} left out, {counts.dropped} dropped"
        notes().print(text, highlight=False)


def _said(answer: Answer, rule: str | None) -> str:
    """With the probability that a decoder gives, or the two largest scores of a rule."""
    said = f"sample {answer.name} step {answer.step}: {answer.output.spikes.sum()} spikes"
    if "label" not in answer.logits:
        return said
    if not answer.heard:
        return f"{said}, no answer yet"
    if rule is None:
        return f"{said}, confidence {answer.confidence:.0%}, label {answer.label}"
    scores = sorted(answer.logits["label"].tolist(), reverse=True)[:2]
    lead = " against ".join(f"{score:,.6g}" for score in scores)
    return f"{said}, {rule} {lead}, label {answer.label}"


def _spikes(
    input_file: Path | None, data: str | None, samples: int | None, seed: int, part: ChipPart
) -> Any:
    from neurodeploy.cli.inputs import input_spikes
    from neurodeploy.engines.base import check_input

    spikes = input_spikes(input_file, data, samples, seed, part, OF_A_TASK)
    check_input(part.network, spikes, f"input {input_file or data}")
    return first_steps(part, spikes)


def _lines(
    part: ChipPart, listen: int | None, stall_s: float | None, held: contextlib.ExitStack
) -> Iterator[Any]:
    from neurodeploy.deploy.lines import accept_one, line_steps

    if listen is None:
        return line_steps(part.network, sys.stdin, stall_s=stall_s)
    notes().print(f"waiting for lines on 127.0.0.1:{listen}", highlight=False)
    connection = held.enter_context(accept_one(listen, stall_s=stall_s))
    return line_steps(part.network, connection, stall_s=stall_s)


def _recorded(
    events: Path, steps: int, dt: float | None, time_unit: str | None, shape: str | None
) -> Iterator[Any]:
    from neurodeploy.deploy.steps import recorded_samples
    from neurodeploy.signals.recordings import Grid
    from neurodeploy.signals.sources.find import Reading

    reading = Reading(time_unit=time_unit, shape=shape_of(shape))
    return recorded_samples(events, Grid(steps=steps, dt_s=dt), reading)
