"""The manifest of a bundle: which files belong to it, and whether they are those. No torch here.

See `neurodeploy.deploy.bundle` for the layout of the folder. ``docs/manifest.schema.json`` is the
JSON Schema of `Manifest`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args

import msgspec

from neurodeploy._io.documents import Count, Text, fitted, parse_json, read_bytes
from neurodeploy._io.files import require_file
from neurodeploy.errors import FileFormatError, InputError, message

if TYPE_CHECKING:
    from neurodeploy.netx.network import Network

Part = TypeVar("Part")
Version = Literal[1, 2, 3, 4]
SCHEMA_VERSION: Version = 4
"""Version 1 had no ``steps``, but those of ``notes["levers"]``, and no ``encoder``; version 2 no
``sha256`` of the manifest itself; up to version 3 every bundle had a ``decoder``."""

NETWORK_FILE = "network.net"
DECODER_FILE = "decoder.safetensors"
ENCODER_FILE = "encoder.safetensors"
MANIFEST_FILE = "manifest.json"
SIGNATURE_FILE = "signature.json"

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Steps = Annotated[int, msgspec.Meta(ge=1, le=1 << 24)]


class NetworkFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of ``network.net``; shapes and latency must be those of the file."""

    sha256: Sha256
    input_shape: tuple[Count, ...] | None = None
    output_shape: tuple[Count, ...] | None = None
    latency_steps: int | None = None


class DecoderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What builds the decoder again, as `neurodeploy.model.decoder.DecoderConfig` has it."""

    kind: Text
    neurons: Count
    window_steps: Steps
    heads: dict[str, Count]
    hidden: Count = 512
    options: dict[str, Any] = msgspec.field(default_factory=dict)
    bits: Count = 32


class DecoderFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of ``decoder.safetensors``."""

    sha256: Sha256
    config: DecoderSettings


class EncodingFields(msgspec.Struct, frozen=True):
    """How a signal becomes input spikes; each kind has fields of its own beside these."""

    kind: Text
    steps: Steps


class EncoderFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of ``encoder.safetensors``."""

    sha256: Sha256


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bundle is made of.

    Parameters
    ----------
    schema_version : int
        Of this description.
    network, decoder, encoder : fields
        Of each file, its SHA-256 among them; None where there is no such file.
    encoding : mapping
        As `neurodeploy.signals.encode.encoding_from_dict` reads it.
    steps : int
        Of a sample that are run; not in version 1.
    notes : mapping
        Anything worth knowing.
    sha256 : str
        Of the rest of the manifest, as `self_checksum` makes it.
    """

    schema_version: Version
    network: NetworkFields
    decoder: DecoderFields | None
    encoding: dict[str, Any]
    steps: Steps = 0
    encoder: EncoderFields | None = None
    notes: dict[str, Any]
    sha256: Sha256 | None = None

    @property
    def step_limit(self) -> int | None:
        """Steps of a sample that the bundle takes, where its encoding makes more; else None."""
        return self.steps if self.steps != self.encoding["steps"] else None

    @property
    def files(self) -> dict[str, str]:
        """The SHA-256 of each file that belongs to the bundle, by its name."""
        parts = {
            NETWORK_FILE: self.network,
            DECODER_FILE: self.decoder,
            ENCODER_FILE: self.encoder,
        }
        return {name: part.sha256 for name, part in parts.items() if part is not None}


def read_manifest(path: Path | str) -> Manifest:
    """The manifest of a bundle folder, its fields and the checksums of all files checked.

    Returns
    -------
    Manifest
        One of an older version with its ``steps``.

    Raises
    ------
    FileFormatError
        The folder or a file is missing or damaged, or the manifest is no JSON, of another schema
        version, or does not fit it.
    """
    path = Path(path)
    if not path.is_dir():
        raise FileFormatError(message(f"bundle {path}", "a folder", "none"))
    file = path / MANIFEST_FILE
    where = f"manifest {file}"
    text = read_bytes(file, "manifest")
    document = parse_json(text, where, dict[str, Any])
    version = document.get("schema_version")
    if version not in get_args(Version):
        expected = " or ".join(map(str, get_args(Version)))
        raise FileFormatError(message(f"{where}: schema_version", expected, version))
    manifest = _with_steps(fitted(document, where, Manifest), where)
    if manifest.schema_version >= 3 and manifest.sha256 != self_checksum(document):
        raise FileFormatError(message(where, "the checksum that it has of itself", "another one"))
    if manifest.schema_version < 4 and manifest.decoder is None:
        raise FileFormatError(message(f"{where}: decoder", "one, before version 4", "none"))
    for name, checksum in manifest.files.items():
        part = Path(name).stem
        if sha256(require_file(path / name, part)) != checksum:
            raise FileFormatError(
                message(f"{part} {path / name}", "the checksum in the manifest", "another one")
            )
    return manifest


def self_checksum(document: dict[str, Any]) -> str:
    """SHA-256 of a manifest without its own ``sha256``: of its JSON with sorted names."""
    rest = {name: value for name, value in document.items() if name != "sha256"}
    return hashlib.sha256(msgspec.json.encode(rest, order="sorted")).hexdigest()


def manifest_text(manifest: Manifest) -> str:
    """A manifest as its file has it, with the checksum of itself.

    Raises
    ------
    InputError
        Its notes or options hold what JSON cannot say.
    """
    document = _plain(manifest)
    document["sha256"] = self_checksum(document)
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _plain(manifest: Manifest) -> dict[str, Any]:
    """As it is read again from JSON, in which there is no NaN."""
    try:
        text = msgspec.json.encode(manifest)
        document: dict[str, Any] = msgspec.json.decode(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(message("bundle, notes", "what JSON can say", error)) from error
    return document


def _with_steps(manifest: Manifest, where: str) -> Manifest:
    fields = fitted(manifest.encoding, f"{where}: encoding", EncodingFields)
    steps: Any = manifest.steps
    if manifest.schema_version == 1:
        levers = manifest.notes.get("levers")
        steps = levers.get("steps", fields.steps) if isinstance(levers, dict) else fields.steps
    whole = isinstance(steps, int) and not isinstance(steps, bool)
    if not whole or not 1 <= steps <= fields.steps:
        expected = f"1 to {fields.steps}, the steps of the encoding"
        raise FileFormatError(message(f"{where}: steps", expected, steps))
    return msgspec.structs.replace(manifest, steps=steps)


def require_decoder(decoder: Part | None, where: str = "bundle") -> Part:
    """Return the decoder of a bundle or its manifest, where it is needed.

    Raises
    ------
    InputError
        There is none.
    """
    if decoder is None:
        remedy = (
            "simulate, stream and serve give its spikes without one; `neurodeploy bundle make "
            "--counts` and nd.counting_bundle(network, encoding) make one that counts them."
        )
        found = "a network and its encoding alone"
        raise InputError(message(where, "a decoder of its spikes", found, remedy))
    return decoder


def require_network(manifest: Manifest, network: Network, where: str) -> None:
    """Raise unless a network is the one that a manifest describes.

    Raises
    ------
    FileFormatError
        A shape or the latency is another one.
    """
    for name in ("input_shape", "output_shape", "latency_steps"):
        said, found = getattr(manifest.network, name), getattr(network, name)
        if said is not None and said != found:
            raise FileFormatError(message(f"{where}, network, {name}", found, said))


def sha256(file: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
