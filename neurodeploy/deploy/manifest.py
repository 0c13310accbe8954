"""The manifest of a bundle: which files belong to it, and whether they are those. No torch here.

See `neurodeploy.deploy.bundle` for the layout of the folder.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from neurodeploy._io.files import require_file
from neurodeploy.errors import FileFormatError, message
from neurodeploy.netx.network import Network
from neurodeploy.netx.read import read_network

SCHEMA_VERSION = 1
NETWORK_FILE = "network.net"
DECODER_FILE = "decoder.safetensors"
MANIFEST_FILE = "manifest.json"


def read_manifest(path: Path | str) -> dict[str, Any]:
    """The manifest of a bundle folder, its fields and the checksums of its files checked.

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
    if version != SCHEMA_VERSION:
        raise FileFormatError(message(f"manifest {file}, schema_version", SCHEMA_VERSION, version))
    needed: dict[str, tuple[str, ...]] = {
        "network": ("sha256",),
        "decoder": ("sha256", "config"),
        "encoding": ("kind",),
        "notes": (),
    }
    for name, fields in needed.items():
        section = manifest.get(name)
        if not isinstance(section, dict) or any(field not in section for field in fields):
            raise FileFormatError(
                message(f"manifest {file}", f"a field '{name}' with {list(fields)}", section)
            )
    for part, name in (("network", NETWORK_FILE), ("decoder", DECODER_FILE)):
        if sha256(require_file(path / name, part)) != manifest[part]["sha256"]:
            raise FileFormatError(
                message(f"{part} {path / name}", "the checksum in the manifest", "another one")
            )
    return manifest


def network_of(path: Path | str) -> Network:
    """The network of a ``.net`` file or of a bundle.

    Raises
    ------
    FileFormatError, NetworkError
        As `read_manifest` and `read_network`.
    """
    path = Path(path)
    if not path.is_dir():
        return read_network(path)
    read_manifest(path)
    return read_network(path / NETWORK_FILE)


def sha256(file: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
