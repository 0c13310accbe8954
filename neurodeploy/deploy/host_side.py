"""The host's side of a stream: what the network sent becomes answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.deploy.answers import HEAD, Reader
from neurodeploy.deploy.chip_side import Sent, named
from neurodeploy.deploy.steps import StepOutput
from neurodeploy.errors import InputError, message


@dataclass(frozen=True, kw_only=True)
class StepTimes:
    """Seconds of a step.

    Parameters
    ----------
    network_s : float
        That the network took.
    decoder_s : float
        That the decoder took.
    age_s : float
        From when the input was taken to the answer; what is more than both was waited.
    """

    network_s: float
    decoder_s: float
    age_s: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What the decoder, or a rule, says after a step of a sample.

    Parameters
    ----------
    sample, step : int
        Which sample of the stream, and which step of it, from 0.
    logits : dict of str to float32 array [outputs]
        By head; empty where nothing reads the spikes.
    output : StepOutput
        The step's spikes.
    name : int or str
        Of the sample, as its source gave it.
    heard : bool
        Whether the output has said anything since the sample began. Until then an answer is what
        the decoder says to silence.
    missed : int
        Steps of the sample that the host has not received, so far.
    final : bool
        Whether nothing of the sample follows, because it ended or the answer is sure enough.
    times : StepTimes
    """

    sample: int
    step: int
    logits: dict[str, np.ndarray]
    output: StepOutput
    name: int | str
    heard: bool
    missed: int
    final: bool
    times: StepTimes

    @property
    def label(self) -> int | None:
        """The class with the largest logit; None without such a head, or with nothing heard yet."""
        logits = self.logits.get(HEAD)
        return None if logits is None or not self.heard else int(logits.argmax())

    @property
    def confidence(self) -> float | None:
        """The softmax of that class, 0 to 1; None as `label`.

        Of a decoder that was trained by its log-loss it is the probability that it gives; of a
        rule, a score that grows with the lead.
        """
        return _softmax_of_largest(self.logits[HEAD]) if self.label is not None else None

    def to_dict(self) -> dict[str, Any]:
        """A mapping for JSON; output spikes as a step's input has them."""
        sent = self.output.spikes.ravel()
        places = np.flatnonzero(sent)
        said = {
            "sample": self.name,
            "step": self.step,
            "heard": self.heard,
            "label": self.label,
            "confidence": self.confidence,
            "final": self.final,
            "missed": self.missed,
            "spikes": places.tolist(),
            "logits": {name: values.tolist() for name, values in self.logits.items()},
        }
        if sent.dtype != np.uint8:
            said["values"] = sent[places].tolist()
        return said


class HostSide:
    """Reads what the network sent, in order; steps that it never received count as silent.

    Parameters
    ----------
    reader : Reader
    wanted : function of the step index
        Which steps are answered, besides the last one of a sample.
    stop_at : float, optional
        Confidence from which an answer is final.
    """

    def __init__(
        self, reader: Reader, wanted: Callable[[int], bool], stop_at: float | None = None
    ) -> None:
        self._reader, self._wanted, self._stop_at = reader, wanted, stop_at
        self._sample, self._next = -1, 0
        self._heard, self._missed = False, 0
        self.answered = 0

    def read(self, sent: Sent) -> Answer | None:
        """Receive a step; its answer, where one is wanted.

        Raises
        ------
        NeurodeployError
            The decoder failed, with the sample and the step.
        """
        began = time.perf_counter()
        where = f"sample {sent.name!r}, step {sent.output.step}"
        try:
            self._receive(sent)
            if not (sent.last or self._wanted(sent.output.step)):
                return None
            logits = self._reader.answer()
        except Exception as error:  # a person's decoder may fail in any way
            raise named(error, where, "an answer of the decoder") from error
        for head, values in logits.items():
            if not np.isfinite(values).all():
                raise InputError(message(f"{where}, answer {head}", "finite numbers", "others"))
        sure = self._stop_at is not None and self._heard and HEAD in logits
        if sure:
            sure = _softmax_of_largest(logits[HEAD]) >= (self._stop_at or 0)
        now = time.perf_counter()
        self.answered += 1
        return Answer(
            sample=sent.output.sample,
            step=sent.output.step,
            logits=logits,
            output=sent.output,
            name=sent.name,
            heard=self._heard,
            missed=self._missed,
            final=sent.last or sure,
            times=StepTimes(
                network_s=sent.network_s, decoder_s=now - began, age_s=now - sent.taken_s
            ),
        )

    def _receive(self, sent: Sent) -> None:
        if sent.output.sample != self._sample:
            self._reader.reset()
            self._sample, self._next = sent.output.sample, 0
            self._heard, self._missed = False, 0
        gap = sent.output.step - self._next
        self._missed += gap
        for _ in range(gap):
            self._reader.push(np.zeros_like(sent.received))
        self._reader.push(sent.received)
        self._heard = self._heard or bool(sent.received.any())
        self._next = sent.output.step + 1


def _softmax_of_largest(logits: np.ndarray) -> float:
    shifted = np.exp(logits.astype(np.float64) - logits.max())
    return float(shifted.max() / shifted.sum())
