"""The tasks that ship with the package."""

from __future__ import annotations

from neurodeploy.learn.objective import ConstantRate
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.signals.distort import Distortion
from neurodeploy.signals.encode import RateEncoding
from neurodeploy.tasks.image import ImageTask

MNIST: ImageTask = ImageTask(
    dataset="mnist",
    train=4000,
    validation=500,
    test=500,
    encoding=RateEncoding(steps=30),
    hidden=(600,),
    readout=256,
    neuron=CubaParameters(surrogate_width=0.01),
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
