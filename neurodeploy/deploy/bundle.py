"""What is deployed: one folder with the network, a manifest and, unless only the chip's side is
deployed, the host decoder.

::

    bundle/
      network.net            netx HDF5, what the chip runs
      decoder.safetensors    the host decoder's tensors, if the bundle has one
      encoder.safetensors    what the network was exported from, if the bundle carries it
      manifest.json          schema version, shapes, encoding, steps, decoder, checksums, notes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from neurodeploy._io.files import atomic_path
from neurodeploy._io.limits import DEFAULT, Limits
from neurodeploy._io.reprs import html_table, sizes
from neurodeploy._io.tensors import (
    load_state,
    load_tensors,
    require_bytes,
    save_tensors,
    tensor_bytes,
)
from neurodeploy.deploy.manifest import (
    DECODER_FILE,
    ENCODER_FILE,
    MANIFEST_FILE,
    NETWORK_FILE,
    SCHEMA_VERSION,
    DecoderFields,
    DecoderSettings,
    EncoderFields,
    Manifest,
    NetworkFields,
    manifest_text,
    require_decoder,
    require_network,
    sha256,
)
from neurodeploy.deploy.opening import BundlePath, OpenBundle, open_bundle
from neurodeploy.deploy.parts import bundle_of
from neurodeploy.deploy.signing import require_signature
from neurodeploy.deploy.trained_encoder import TrainedEncoder, load_encoder
from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.model.decoder import Decoder, DecoderConfig, counting_decoder
from neurodeploy.netx.network import Network
from neurodeploy.netx.read import read_network
from neurodeploy.netx.write import write_network
from neurodeploy.signals.encode import Encoding, encoding_from_dict
from neurodeploy.signals.events import numeric_array

HEADER_BYTES = 1 << 20
"""Of a safetensors file, at most, beside its tensors."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Bundle:
    """A network, how a signal becomes its input, and the decoder that reads its spikes.

    Parameters
    ----------
    network : Network
        Runs on the chip.
    decoder : Decoder, optional
        Runs on the host. Without one, whoever deploys the network reads its spikes on their own.
    encoding : Encoding
        Signal to input spikes; its ``steps`` are the length of a sample.
    steps : int
        Steps of a sample that are run and read, the first ones; those of the encoding if not
        given. The decoder's window stays as it was trained, and the rest of it is silent.
    encoder : TrainedEncoder, optional
        What the network was exported from; `verify` compares with it.
    notes : mapping
        Anything worth knowing, as JSON: training configuration, seeds, results.
    """

    network: Network
    decoder: Decoder | None = None
    encoding: Encoding
    steps: int = field(default=None)  # type: ignore[assignment]
    encoder: TrainedEncoder | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        whole = self.encoding.steps
        if self.steps is None:
            object.__setattr__(self, "steps", whole)
        if not 1 <= self.steps <= whole:
            expected = f"1 to {whole}, those of its encoding"
            raise InputError(message("bundle, steps", expected, self.steps))
        shape = self.network.output_shape
        if self.decoder is not None and shape != (self.decoder.config.neurons,):
            found = (self.decoder.config.neurons,)
            raise InputError(message("bundle, decoder", f"{shape} neurons", found))

    def __repr__(self) -> str:
        said = (repr(self.network), self._host, repr(self.encoding), f"{self.steps} steps")
        return f"Bundle({', '.join(said)})"

    def _repr_html_(self) -> str:
        rows = [
            ("encoding", repr(self.encoding)),
            ("steps of a sample", self.steps),
            *zip(self.network.names, map(sizes, self.network.shapes), strict=True),
            ("on the host", self._host),
        ]
        return html_table(f"Bundle with {self.network!r}", ("part", "what it is"), rows)

    @property
    def step_limit(self) -> int | None:
        """``steps`` where the encoding makes more; None where a sample is taken as it comes."""
        return self.steps if self.steps < self.encoding.steps else None

    @property
    def heads(self) -> Mapping[str, int]:
        """Outputs of each answer of the decoder, by its name; none without a decoder."""
        return {} if self.decoder is None else self.decoder.config.heads

    @property
    def _host(self) -> str:
        if self.decoder is None:
            return "no decoder"
        heads = ", ".join(f"{name}: {size}" for name, size in self.heads.items())
        return f"{self.decoder.config.name} decoder of {heads}"


def counting_bundle(network: Network, encoding: Encoding) -> Bundle:
    """A bundle of a network that came without a decoder: its spike counts are its answer.

    Parameters
    ----------
    network : Network
        With one output neuron a class.
    encoding : Encoding
        Of its input; `SpikeInput` where spikes come as they are.

    Raises
    ------
    InputError
        Its output is not one row of neurons.
    """
    if len(network.output_shape) != 1:
        expected = "one row of output neurons, one a class"
        raise InputError(message("bundle, network", expected, network.output_shape))
    decoder = counting_decoder(network.output_shape[0], encoding.steps)
    return Bundle(network=network, decoder=decoder, encoding=encoding)


def save_bundle(bundle: Bundle, path: Path | str) -> None:
    """Write a bundle, whole or not at all; an older one of that name is replaced.

    Raises
    ------
    InputError
        The folder cannot be written, or holds files that are no bundle.
    """
    path = Path(path)
    if path.is_dir() and any(path.iterdir()) and not (path / MANIFEST_FILE).exists():
        raise InputError(
            message(
                f"output {path}", "a new or empty folder, or a bundle", "a folder of other files"
            )
        )
    with atomic_path(path) as draft:
        draft.mkdir()
        write_network(bundle.network, draft / NETWORK_FILE)
        if bundle.decoder is not None:
            save_tensors(draft / DECODER_FILE, dict(bundle.decoder.state_dict()), {})
        if bundle.encoder is not None:
            bundle.encoder.save(draft / ENCODER_FILE)
        manifest = Manifest(
            schema_version=SCHEMA_VERSION,
            network=NetworkFields(
                sha256=sha256(draft / NETWORK_FILE),
                input_shape=bundle.network.input_shape,
                output_shape=bundle.network.output_shape,
                latency_steps=bundle.network.latency_steps,
            ),
            decoder=None
            if bundle.decoder is None
            else DecoderFields(
                sha256=sha256(draft / DECODER_FILE),
                config=DecoderSettings(**bundle.decoder.config.to_dict()),
            ),
            encoding=bundle.encoding.to_dict(),
            steps=bundle.steps,
            encoder=EncoderFields(sha256(draft / ENCODER_FILE)) if bundle.encoder else None,
            notes=dict(bundle.notes),
        )
        (draft / MANIFEST_FILE).write_text(manifest_text(manifest))


def load_bundle(
    path: BundlePath,
    *,
    allow_import: bool = False,
    signed_by: Path | str | None = None,
    limits: Limits = DEFAULT,
) -> Bundle:
    """Read a bundle and check that it is the one that was written.

    Parameters
    ----------
    path : path or OpenBundle
        The folder, or a packed bundle; or one that is open.
    allow_import : bool
        Import the reader of a decoder that is not ours, by the name that the manifest gives:
        code of whoever can be found under that name here.
    signed_by : path, optional
        A public key, as in `neurodeploy.deploy.signing.require_signature`; without one, a
        signature is not looked at.
    limits : Limits
        Of what reading and running it may take.

    Raises
    ------
    FileFormatError
        A file is missing, damaged, of another schema version, or does not match its checksum.
    InputError
        The decoder is not ours and ``allow_import`` is not given, or it cannot be imported; or the
        bundle is not signed by that key.
    NetworkError
        The network is inconsistent.
    """
    with open_bundle(path) as opened:
        if signed_by is not None:
            require_signature(opened, signed_by)
        return _load(opened, allow_import, limits)


def _load(opened: OpenBundle, allow_import: bool, limits: Limits) -> Bundle:
    manifest, folder = opened.manifest, opened.folder
    where = f"bundle {opened.path}"
    decoder = None
    if manifest.decoder is not None:
        settings = manifest.decoder.config
        decoder = _load_decoder(folder / DECODER_FILE, settings, where, allow_import, limits)
    network = read_network(folder / NETWORK_FILE, limits=limits)
    require_network(manifest, network, where)
    try:
        return Bundle(
            network=network,
            decoder=decoder,
            encoding=encoding_from_dict(manifest.encoding),
            steps=manifest.steps,
            encoder=load_encoder(opened),
            notes=manifest.notes,
        )
    except InputError as error:
        raise FileFormatError(f"{where}: {error}") from error


def _load_decoder(
    file: Path, said: DecoderSettings, where: str, allow_import: bool, limits: Limits
) -> Decoder:
    config = DecoderConfig.from_dict(msgspec.structs.asdict(said), f"{where}, decoder")
    if config.foreign is not None and not allow_import:
        remedy = (
            f"To import and run {config.foreign}, if you trust it: allow_import=True, or "
            "--allow-import on the command line."
        )
        raise InputError(message(f"{where}, decoder", "one of ours", repr(config.name), remedy))
    if config.foreign is None:
        needed = tensor_bytes(lambda: Decoder(config), f"{where}, decoder")
        limits.require_memory(needed + _window_bytes(config), f"{where}, decoder")
        require_bytes(file, "decoder", needed + HEADER_BYTES)
    decoder = Decoder(config)
    tensors, _ = load_tensors(file, "decoder")
    load_state(decoder, tensors, f"decoder {file}")
    decoder.eval()
    for parameter in decoder.parameters():
        parameter.requires_grad_(False)
    return decoder


def _window_bytes(config: DecoderConfig) -> int:
    """Bytes of one window of spikes, float32."""
    return 4 * config.neurons * config.window_steps


def decode(bundle: Bundle, spikes: np.ndarray | torch.Tensor) -> dict[str, torch.Tensor]:
    """Answers {head: [batch, outputs]} of the bundle's decoder to whole samples of output spikes.

    Parameters
    ----------
    bundle : Bundle
    spikes : array or Tensor [batch, neuron, time]
        What an engine gave, such as ``simulate(...).spikes``; of a bundle with fewer steps than
        its encoding, the first ones are read.

    Raises
    ------
    InputError
        It is no bundle, or one without a decoder, or the spikes are none, or of other neurons.
    """
    read = bundle_of(bundle)
    decoder = require_decoder(read.decoder)
    if isinstance(spikes, np.ndarray):
        spikes = torch.from_numpy(numeric_array(spikes, "spikes"))
    if not isinstance(spikes, torch.Tensor):
        raise InputError(message("spikes", "an array or a tensor", f"a {type(spikes).__name__}"))
    return decoder.at_the_end(spikes[..., : read.step_limit].float())
