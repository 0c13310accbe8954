"""One page's run of a bundle: step by step, with what a person changes of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from neurodeploy.cost.report import energy_proxies
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.steps import InputStep
from neurodeploy.deploy.stream import Stream
from neurodeploy.errors import InputError, message
from neurodeploy.hardware.devices import Device
from neurodeploy.view.frames import Frame, frame, takes_spikes
from neurodeploy.view.sources import Source
from neurodeploy.view.touching import Touch, TouchedSession, unit_of

NOISE_SEED = 0


class Player:
    """A source, from its beginning, through a bundle that one can touch.

    Parameters
    ----------
    bundle : Bundle
    source : Source
    devices : mapping of str to Device
        One that is ``spiking``, first, and its host.
    """

    def __init__(self, bundle: Bundle, source: Source, devices: Mapping[str, Device]) -> None:
        self.bundle, self._devices = bundle, devices
        self._steps, self._truth = source.steps(), source.truth
        self.session = TouchedSession(bundle.network)
        self._chip, self._host = Stream(bundle).sides(self.session)
        self._random = np.random.default_rng(NOISE_SEED)
        self._seen: list[InputStep] = []
        self._again: deque[InputStep] = deque()
        self.noise = 0.0
        self.drop = self.waiting = self.ended = False

    def step(self) -> Frame | None:
        """Run the next step; None where none has come, or its sample was over.

        Raises
        ------
        NeurodeployError
            What the source, or a person's decoder, is wrong about.
        """
        given = self._next()
        if given is None:
            return None
        dropped, self.drop = self.drop, False
        spikes = np.zeros_like(given.spikes) if dropped else self._noisy(given.spikes)
        sent = self._chip.take(replace(given, spikes=spikes))
        if sent is not None and sent.output.step == 0:
            self._seen.clear()
        self._seen.append(given)
        answer = None if sent is None else self._host.read(sent)
        if answer is None:
            return None
        return frame(self.bundle, answer, self._truth, self._energy(), dropped)

    def restart(self) -> None:
        """Run the sample again from rest, with everything that is changed."""
        begins = bool(self._again) and self._again[0].reset
        if self._seen and not begins:
            first, *others = self._seen
            self._again.extendleft(reversed([replace(first, reset=True), *others]))

    def threshold(self, layer: int, value: int) -> None:
        """Change a layer's threshold, at once."""
        wanted = self.session.wanted
        self.session.touch(replace(wanted, thresholds={**wanted.thresholds, layer: value}))

    def silence(self, layer: int, feature: int) -> None:
        """Silence a neuron, or its channel, from the next sample on; or no longer."""
        wanted = self.session.wanted
        unit = unit_of(self.bundle.network, layer, feature)
        self.session.touch(replace(wanted, silenced=wanted.silenced ^ {unit}))

    def set_noise(self, probability: float) -> None:
        """Flip each input spike, and each silence, with a probability, at once.

        Raises
        ------
        InputError
            It is none, or the input is not 0 and 1.
        """
        if not 0 <= probability <= 1:
            raise InputError(message("noise", "a probability, 0 to 1", probability))
        if probability and not takes_spikes(self.bundle):
            raise InputError(message("noise", "an input of 0 and 1", "values"))
        self.noise = probability

    def put_back(self) -> None:
        """Undo every change."""
        self.noise, self.drop = 0.0, False
        self.session.touch(Touch())

    def close(self) -> None:
        """Release what is held."""
        self.session.close()

    def _next(self) -> InputStep | None:
        self.waiting = False
        if self._again:
            return self._again.popleft()
        try:
            given = next(self._steps)
        except StopIteration:
            self.ended = True
            return None
        self.waiting = given is None
        return given

    def _noisy(self, spikes: np.ndarray) -> np.ndarray:
        if not self.noise:
            return spikes
        flipped = self._random.random(spikes.shape) < self.noise
        return np.asarray(spikes ^ flipped, spikes.dtype)

    def _energy(self) -> tuple[float, float]:
        """Joules of the sample so far on the chip, and of one answer now on its host; proxies."""
        running = replace(self.bundle, network=self.session.network)
        (proxy,) = energy_proxies(running, self.session.counts, devices=self._devices).values()
        return proxy.bill.chip + proxy.bill.traffic, proxy.bill.host
