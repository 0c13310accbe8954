"""Bodies of requests and replies, with the bounds of one bundle."""

from __future__ import annotations

import math
from typing import Annotated, Any, TypeVar

import msgspec

from neurodeploy.deploy.bundle import Bundle
from neurodeploy.errors import InputError, message
from neurodeploy.netx.layers import NeuronInput
from neurodeploy.serve.limits import ServiceLimits

T = TypeVar("T")


class AnswerReply(msgspec.Struct, omit_defaults=True):
    """What the decoder says after a step, if there is one, and the output spikes; `Answer.to_dict`
    makes it.
    """

    sample: int | str
    step: int
    heard: bool
    label: int | None
    confidence: float | None
    final: bool
    missed: int
    spikes: list[int]
    logits: dict[str, list[float]]
    values: list[int] | None = None


class LayerReply(msgspec.Struct):
    """Counts of a layer."""

    name: str
    input_spikes: int
    output_spikes: int
    synops: int
    effective_synops: int
    graded_synops: int
    neuron_updates: int
    macs: int


class CountsReply(msgspec.Struct):
    """Counts of the sample so far."""

    layers: list[LayerReply]
    samples: int
    steps: int


class SampleReply(msgspec.Struct):
    """Of a whole sample: the last answer, those of every step if asked for, and counts."""

    answer: AnswerReply
    answers: list[AnswerReply] | None
    counts: CountsReply


class StepsReply(msgspec.Struct):
    """Of steps of a session: an answer for each that was run, and counts of the sample."""

    answers: list[AnswerReply]
    counts: CountsReply


class SessionReply(msgspec.Struct):
    """A session that was opened."""

    session: str
    idle_s: float


class BundleReply(msgspec.Struct):
    """What is served."""

    input_shape: list[int]
    output_shape: list[int]
    layers: dict[str, list[int]]
    heads: dict[str, int]
    steps: int
    latency_steps: int
    task: str
    graded_input: bool


class HealthReply(msgspec.Struct):
    """That the service runs."""

    status: str
    sessions: int


class ErrorReply(msgspec.Struct):
    """Why a request was not run."""

    error: str


REPLIES = (
    *(AnswerReply, LayerReply, CountsReply, SampleReply, StepsReply),
    *(SessionReply, BundleReply, HealthReply, ErrorReply),
)


def takes_values(bundle: Bundle) -> bool:
    """Whether input is graded or real, so that a spike has a value."""
    network = bundle.network
    return isinstance(network.layers[0], NeuronInput) or network.input_bits > 0


class Requests:
    """The two bodies that clients send, and how they are read.

    ``spikes`` has one list a step, of the features that spike, in SLAYER's order; ``values`` the
    same of their values, where the network takes such.
    """

    def __init__(self, bundle: Bundle, limits: ServiceLimits) -> None:
        features = math.prod(bundle.network.input_shape)
        # A whole number is looked for in what is no annotation of mypy's: sizes are of the bundle.
        feature: Any = Annotated[int, msgspec.Meta(ge=0, le=features - 1)]
        once = msgspec.Meta(max_length=features, extra_json_schema={"uniqueItems": True})
        outputs = sum(bundle.heads.values()) or math.prod(bundle.network.output_shape)
        self.most_answers = max(1, min(limits.steps, limits.answer_values // outputs))

        def fields(most: int) -> list[Any]:
            steps = msgspec.Meta(min_length=1, max_length=most)
            spikes = ("spikes", Annotated[list[Annotated[list[feature], once]], steps])
            values = ("values", list[list[float]] | None, None)
            return [spikes, values] if takes_values(bundle) else [spikes]

        sure: Any = Annotated[float, msgspec.Meta(gt=0, le=1)] | None
        self.sample = msgspec.defstruct(
            "SampleRequest",
            [*fields(limits.steps), ("every_step", bool, False), ("stop_at", sure, None)],
            forbid_unknown_fields=True,
        )
        self.steps = msgspec.defstruct(
            "StepsRequest",
            [*fields(self.most_answers), ("reset", bool, False), ("last", bool, False)],
            forbid_unknown_fields=True,
        )

    def require_answers(self, steps: int) -> None:
        """Refuse more answers in one reply than the limits allow.

        Raises
        ------
        InputError
            There are more.
        """
        if steps > self.most_answers:
            where = "body, spikes with every_step"
            raise InputError(message(where, f"at most {self.most_answers} steps", steps))

    def read(self, body: bytes, kind: type[T]) -> T:
        """One of them.

        Raises
        ------
        InputError
            The body is no JSON, or not what is asked for; the message says where.
        """
        try:
            try:
                return msgspec.json.decode(body, type=kind)
            except msgspec.ValidationError:  # 6.0 is a whole number in JSON, and none to msgspec
                said = msgspec.json.decode(body)
                if isinstance(said, dict) and "spikes" in said:
                    said["spikes"] = _whole(said["spikes"])
                return msgspec.convert(said, kind)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            expected = f"a {kind.__name__} as /openapi.json says it"
            raise InputError(message("body", expected, error)) from error


def _whole(value: Any) -> Any:
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
