"""The manifest of a bundle: which files belong to it, and whether they are those. No torch here.

See `neurodeploy.deploy.bundle` for the layout of the folder.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy._io.files import require_file
from neurodeploy.errors import FileFormatError, message

if TYPE_CHECKING:
    from neurodeploy.netx.network import Network

SCHEMA_VERSION = 2
"""Version 1 had no ``steps``, but those of ``notes["levers"]``, and no ``encoder``."""

READABLE_VERSIONS = (1, SCHEMA_VERSION)

NETWORK_FILE = "network.net"
DECODER_FILE = "decoder.safetensors"
ENCODER_FILE = "encoder.safetensors"
MANIFEST_FILE = "manifest.json"


def read_manifest(path: Path | str) -> dict[str, Any]:
    """The manifest of a bundle folder, its fields and the checksums of its files checked.

    Returns
    -------
    dict
        As `save_bundle` writes it; one of version 1 with its ``steps``.

    Raises
    ------
    FileFormatError
        The folder or a file is missing or damaged, or the manifest is no JSON, of another schema
        version, or lacks a field.
    """
    path = Path(path)
    if not path.is_dir():
        raise FileFormatError(message(f"bundle {path}", "a folder", "none"))
    file = require_file(path / MANIFEST_FILE, "manifest")
    try:
        manifest = json.loads(file.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise FileFormatError(message(f"manifest {file}", "JSON", error)) from error
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if version not in READABLE_VERSIONS:
        expected = " or ".join(map(str, READABLE_VERSIONS))
        raise FileFormatError(message(f"manifest {file}, schema_version", expected, version))
    needed: dict[str, tuple[str, ...]] = {
        "network": ("sha256",),
        "decoder": ("sha256", "config"),
        "encoding": ("kind", "steps"),
        "notes": (),
    }
    if manifest.get("encoder") is not None:
        needed["encoder"] = ("sha256",)
    for name, fields in needed.items():
        section = manifest.get(name)
        if not isinstance(section, dict) or any(field not in section for field in fields):
            raise FileFormatError(
                message(f"manifest {file}", f"a field '{name}' with {list(fields)}", section)
            )
    if version == 1:
        manifest["steps"] = _steps_of_version_1(manifest)
    _check_steps(manifest, f"manifest {file}, steps")
    files = {"network": NETWORK_FILE, "decoder": DECODER_FILE, "encoder": ENCODER_FILE}
    for part, name in files.items():
        if part in needed and sha256(require_file(path / name, part)) != manifest[part]["sha256"]:
            raise FileFormatError(
                message(f"{part} {path / name}", "the checksum in the manifest", "another one")
            )
    return manifest


def _steps_of_version_1(manifest: dict[str, Any]) -> Any:
    levers = manifest["notes"].get("levers")
    whole = manifest["encoding"]["steps"]
    return levers.get("steps", whole) if isinstance(levers, dict) else whole


def _check_steps(manifest: dict[str, Any], where: str) -> None:
    steps, whole = manifest.get("steps"), manifest["encoding"]["steps"]
    if not isinstance(steps, int) or not isinstance(whole, int) or not 1 <= steps <= whole:
        raise FileFormatError(message(where, f"1 to {whole}, the steps of the encoding", steps))


def require_network(manifest: dict[str, Any], network: Network, where: str) -> None:
    """Raise unless a network is the one that a manifest describes.

    Raises
    ------
    FileFormatError
        A shape or the latency is another one.
    """
    found = {
        "input_shape": list(network.input_shape),
        "output_shape": list(network.output_shape),
        "latency_steps": network.latency_steps,
    }
    for name, value in found.items():
        said = manifest["network"].get(name, value)
        if said != value or type(said) is not type(value):
            raise FileFormatError(message(f"{where}, network, {name}", value, said))


def step_limit(manifest: dict[str, Any]) -> int | None:
    """Steps of a sample that the bundle takes, where its encoding makes more; else None."""
    steps: int = manifest["steps"]
    return steps if steps < manifest["encoding"]["steps"] else None


def sha256(file: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
