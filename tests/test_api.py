from __future__ import annotations

import subprocess
import sys

import pytest

import neurodeploy
from neurodeploy import errors

PUBLIC = [
    "Answer",
    "Average",
    "Batch",
    "BlobTask",
    "Bundle",
    "Chip",
    "ComplexDense",
    "ConstantRate",
    "Conv",
    "ConvSpec",
    "Converted",
    "CostReport",
    "Counts",
    "Crossings",
    "CubaNeuron",
    "CubaParameters",
    "Dataset",
    "Decoder",
    "DecoderConfig",
    "Dense",
    "DenseSpec",
    "Device",
    "Distortion",
    "Encoder",
    "Encoding",
    "Engine",
    "EngineError",
    "Estimator",
    "Evaluation",
    "EventSplits",
    "EventTask",
    "Events",
    "FileFormatError",
    "Finding",
    "Hearing",
    "HybridModel",
    "IdxTask",
    "ImageSource",
    "ImageTask",
    "InputError",
    "InputStep",
    "Jitter",
    "LatencyEncoding",
    "LayerCounts",
    "LeaveOneOut",
    "LevelEncoding",
    "Limits",
    "Loudness",
    "Measurement",
    "MissingPackageError",
    "NMnist",
    "Network",
    "NetworkError",
    "NeurodeployError",
    "NeuronInput",
    "NirFloats",
    "Objective",
    "Outcome",
    "OwnRecordings",
    "ParameterBaselines",
    "Pathwise",
    "Placement",
    "Prior",
    "RateEncoding",
    "Reading",
    "RecordedTask",
    "RecurrentSpec",
    "RfNeuron",
    "Run",
    "ScoreFunction",
    "SdnnNeuron",
    "Session",
    "Source",
    "Sources",
    "SpikeInput",
    "SpikeSource",
    "SpikingDigits",
    "SpokenDigits",
    "StepOutput",
    "StepTimes",
    "StillImageTask",
    "Stream",
    "StreamCounts",
    "StreamingModel",
    "Task",
    "TrainConfig",
    "Trainer",
    "TrainingError",
    "Verification",
    "Voices",
    "WeightLevels",
    "__version__",
    "ann_equivalent",
    "check",
    "collect",
    "compress",
    "convert",
    "cost_report",
    "counting_bundle",
    "counting_decoder",
    "decode",
    "dense_macs",
    "energy_proxies",
    "energy_report",
    "evaluate",
    "export_network",
    "find_chip",
    "fit_report",
    "from_nir",
    "from_slayer",
    "from_spikes",
    "input_spikes",
    "lava_imports",
    "layer_macs",
    "load_bundle",
    "load_devices",
    "load_measurements",
    "load_model",
    "load_outcome",
    "measurement_of",
    "nir_floats",
    "open_engine",
    "place",
    "read_network",
    "save_bundle",
    "save_measurements",
    "simulate",
    "stream_answers",
    "task",
    "to_nir",
    "to_spikes",
    "train_task",
    "verify",
    "write_network",
]
"""What a person may rely on; whoever changes it changes this list, on purpose."""


def test_the_public_names_are_these() -> None:
    assert sorted(neurodeploy.__all__) == sorted(PUBLIC)
    assert set(dir(neurodeploy)) >= set(PUBLIC)


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "__version__"])
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(neurodeploy, name).__doc__


def test_every_error_is_public() -> None:
    kinds = {kind.__name__ for kind in vars(errors).values() if isinstance(kind, type)}
    assert kinds <= set(PUBLIC)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="telepathy"):
        _ = neurodeploy.telepathy


def test_reading_a_network_loads_neither_torch_nor_lava() -> None:
    code = (
        "import sys, neurodeploy; neurodeploy.read_network; neurodeploy.check;"
        "sys.exit(any(m in sys.modules for m in ('torch', 'lava')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
