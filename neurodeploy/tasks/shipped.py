"""The tasks that ship with the package."""

from __future__ import annotations

from dataclasses import replace

from neurodeploy.learn.objective import ConstantRate
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.specs import ConvSpec
from neurodeploy.signals.corpora.nmnist import NMnist
from neurodeploy.signals.corpora.spiking_digits import SpikingDigits
from neurodeploy.signals.corpora.spoken_digits import SpokenDigits
from neurodeploy.signals.distort import Distortion
from neurodeploy.signals.encode import LevelEncoding, RateEncoding
from neurodeploy.signals.jitter import Jitter
from neurodeploy.signals.sound import Hearing
from neurodeploy.signals.sound_codes import Crossings, Loudness
from neurodeploy.signals.voices import Voices
from neurodeploy.tasks.idx_images import IdxTask
from neurodeploy.tasks.image import ImageTask
from neurodeploy.tasks.recorded import RecordedTask

MNIST: ImageTask = ImageTask(
    dataset="mnist",
    train=4000,
    validation=500,
    test=500,
    encoding=RateEncoding(steps=30),
    hidden=(600,),
    readout=256,
    neuron=CubaParameters(surrogate_width=0.01),
    decoder_hidden=256,
    beta=0.03,
    prior=ConstantRate(0.02),
    class_weight=40.0,
    shift_px=1,
    distortion=Distortion(rotate_deg=10, scale=0.1, elastic_px=0.8),
    training=TrainConfig(epochs=18, learning_rate=2e-3, warm_up_fraction=0.6, patience_epochs=18),
)
"""The paper's model on real digits."""

DIGITS: ImageTask = ImageTask(
    dataset="digits",
    train=1300,
    validation=200,
    test=297,
    encoding=RateEncoding(steps=16),
    hidden=(96,),
    readout=48,
    decoder_hidden=128,
    beta=0.003,
    training=TrainConfig(epochs=20, learning_rate=2e-3),
)
"""Small and quick."""

SLOW = CubaParameters(current_decay=0.25, voltage_decay=0.05, surrogate_width=0.05)
"""Neurons that remember what was said."""

SPOKEN_DIGITS = RecordedTask(
    corpus=SpokenDigits(hearing=Hearing(bands=40, code=Crossings(delta_db=6))),
    steps=64,
    dt_s=0.01,
    jitter=Jitter(steps=3, bands=1, groups=2, drop=0.2),
    hidden=(256,),
    readout=64,
    neuron=SLOW,
    decoder_hidden=256,
    beta=3e-4,
    prior=ConstantRate(0.05),
    training=TrainConfig(epochs=30, learning_rate=2e-3, warm_up_fraction=0.6, patience_epochs=30),
)
"""Ten spoken digits of the Free Spoken Digit Dataset."""

NEW_VOICES = replace(
    SPOKEN_DIGITS,
    corpus=SpokenDigits(hearing=Hearing(code=Loudness(), trim_db=30)),
    steps=50,
    dt_s=0.014,
    jitter=Voices(
        stretch=0.45,
        warp=0.16,
        shift=0.16,
        later=0.06,
        tilt_db=8,
        volume_db=3,
        noise_db=1,
        masked_bands=5,
    ),
    hidden=(512,),
    neuron=CubaParameters(
        threshold=3.0, current_decay=0.5, voltage_decay=0.25, surrogate_width=0.5
    ),
    weight_scale=4.0,
    decoder="recurrent",
    decoder_hidden=128,
    beta=1e-5,
    prior=ConstantRate(0.3),
    training=TrainConfig(
        epochs=100,
        learning_rate=2e-3,
        temperature_start=1.2,  # thrice the default, as the threshold is
        temperature_end=0.15,
        warm_up_fraction=0.6,
        patience_epochs=100,
    ),
)
"""The same digits for speakers whom training never heard; five times as many input spikes."""

QUICK = CubaParameters(surrogate_width=0.1)

N_MNIST = RecordedTask(
    corpus=NMnist(),
    steps=30,
    dt_s=0.01,
    jitter=Jitter(steps=1),
    hidden=(
        ConvSpec(channels=8, kernel_size=5, stride=2, padding=1, neuron=QUICK),
        ConvSpec(channels=16, kernel_size=3, stride=2, padding=1, neuron=QUICK),
        128,
    ),
    readout=64,
    neuron=QUICK,
    decoder_hidden=256,
    beta=3e-4,
    prior=ConstantRate(0.05),
    training=TrainConfig(epochs=20, learning_rate=2e-3, warm_up_fraction=0.6, patience_epochs=20),
)
"""Digits as an event camera saw them."""

SPIKING_DIGITS = replace(
    SPOKEN_DIGITS,
    corpus=SpikingDigits(),
    steps=100,
    jitter=Jitter(steps=3, bands=10, drop=0.2),
)
"""Twenty spoken digits as spike trains of a model of the ear; not tuned: no data were here."""

IDX_IMAGES = IdxTask(
    encoding=LevelEncoding(steps=20, levels=20),
    heads=("label",),
    class_weight=1.0,
    shift_px=1,
    hidden=(
        ConvSpec(channels=16, kernel_size=5, stride=2, padding=2, neuron=QUICK, weight_scale=4.0),
        ConvSpec(channels=32, kernel_size=3, stride=2, padding=1, neuron=QUICK, weight_scale=4.0),
        256,
    ),
    readout=128,
    neuron=QUICK,
    weight_scale=4.0,
    decoder_hidden=256,
    beta=1e-5,
    prior=ConstantRate(0.05),
    training=TrainConfig(epochs=10, learning_rate=2e-3, warm_up_fraction=0.6, patience_epochs=10),
)
"""MNIST, Fashion-MNIST or another set of IDX files, whole."""
