"""The encoder that a network was exported from, as a bundle carries it.

Here it is specs and tensors: only `TrainedEncoder.build` needs SLAYER.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from neurodeploy._io.tensors import load_state, load_tensors, save_tensors
from neurodeploy.deploy.manifest import ENCODER_FILE
from neurodeploy.deploy.opening import BundlePath, open_bundle
from neurodeploy.errors import FileFormatError, InputError, message

if TYPE_CHECKING:
    from neurodeploy.model.encoder import Encoder


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedEncoder:
    """What it takes to run the training forward again.

    Parameters
    ----------
    config : mapping
        ``input_shape`` and ``layers``, each the fields of its spec, as JSON.
    tensors : mapping of str to Tensor
        Its state.
    """

    config: Mapping[str, Any]
    tensors: Mapping[str, torch.Tensor]

    @classmethod
    def of(cls, encoder: Encoder) -> TrainedEncoder:
        """A copy of an encoder's state."""
        layers = [{"spec": type(b.spec).__name__, **asdict(b.spec)} for b in encoder.layers]
        return cls(
            config={"input_shape": list(encoder.input_shape), "layers": layers},
            tensors={name: t.detach().cpu().clone() for name, t in encoder.state_dict().items()},
        )

    def build(self) -> Encoder:
        """The encoder.

        Raises
        ------
        FileFormatError
            Specs or tensors are not those of an encoder.
        """
        from neurodeploy.model.encoder import Encoder

        try:
            layers = [_spec(layer) for layer in self.config["layers"]]
            encoder = Encoder(self.config["input_shape"], layers)
        except (InputError, KeyError, TypeError, AttributeError) as error:
            raise FileFormatError(message("encoder", "specs of its layers", error)) from error
        for index, block in enumerate(encoder.layers):
            for name in ("connected", "recurrent_connected"):
                mask = self.tensors.get(f"blocks.{index}.{name}")
                block.register_buffer(name, None if mask is None else torch.ones_like(mask))
        load_state(encoder, dict(self.tensors), "encoder")
        return encoder

    def save(self, path: Path) -> None:
        """Write specs and tensors into one file, whole or not at all."""
        save_tensors(path, dict(self.tensors), dict(self.config))


def load_encoder(bundle: BundlePath) -> TrainedEncoder | None:
    """The encoder that a bundle carries; None where it carries none.

    Raises
    ------
    FileFormatError
        The bundle is missing or damaged.
    """
    with open_bundle(bundle) as opened:
        if opened.manifest.encoder is None:
            return None
        tensors, config = load_tensors(opened.folder / ENCODER_FILE, "encoder")
    return TrainedEncoder(config=config, tensors=tensors)


def _spec(fields: Mapping[str, Any]) -> Any:
    from neurodeploy.model.neuron import CubaParameters
    from neurodeploy.model.quantization import WeightLevels
    from neurodeploy.model.specs import ConvSpec, DenseSpec, RecurrentSpec

    specs = {spec.__name__: spec for spec in (DenseSpec, ConvSpec, RecurrentSpec)}
    given = dict(fields)
    spec = specs[given.pop("spec")]
    neuron, levels = CubaParameters(**given.pop("neuron")), WeightLevels(**given.pop("levels"))
    return spec(neuron=neuron, levels=levels, **given)
