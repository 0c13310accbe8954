"""Signed bundles: who vouches for a manifest, and through its checksums for every file.

The signature is Ed25519 (RFC 8032) of the manifest's bytes, beside it in ``signature.json``. Keys
are PEM files, as OpenSSL makes them: ``openssl genpkey -algorithm ed25519``.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Literal

import msgspec

from neurodeploy._io.documents import parse_json
from neurodeploy._io.files import atomic_path, require_file
from neurodeploy.deploy.manifest import MANIFEST_FILE, SIGNATURE_FILE, Manifest, read_manifest
from neurodeploy.deploy.opening import BundlePath, OpenBundle, open_bundle
from neurodeploy.errors import FileFormatError, InputError, MissingPackageError, message

ALGORITHM = "Ed25519"
INSTALL = "pip install 'neurodeploy[sign]'"
LARGEST_KEY = 1 << 14
"""Bytes of a file of a key or a signature."""


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of ``signature.json``: base64 of 64 bytes."""

    algorithm: Literal["Ed25519"]
    signature: str


def sign_bundle(bundle: Path | str, private_key: Path | str) -> None:
    """Sign a bundle folder that is whole; an older signature is replaced.

    Parameters
    ----------
    bundle : path
        Of the folder.
    private_key : path
        Ed25519, PEM, without a password.

    Raises
    ------
    MissingPackageError
        ``cryptography`` is not installed.
    FileFormatError
        The bundle is damaged, or the key is none.
    """
    folder = Path(bundle)
    read_manifest(folder)
    key = _key(private_key, "load_pem_private_key", "Ed25519PrivateKey", password=None)
    signature = key.sign((folder / MANIFEST_FILE).read_bytes())
    said = {"algorithm": ALGORITHM, "signature": base64.b64encode(signature).decode()}
    with atomic_path(folder / SIGNATURE_FILE) as draft:
        draft.write_text(json.dumps(said) + "\n")


def require_signature(bundle: BundlePath, public_key: Path | str) -> Manifest:
    """Return the manifest of a bundle that the owner of a key signed, files checked.

    Parameters
    ----------
    bundle : path or OpenBundle
        As `open_bundle` takes it.
    public_key : path
        Ed25519, PEM.

    Raises
    ------
    MissingPackageError
        ``cryptography`` is not installed.
    FileFormatError
        The bundle is damaged, the key is none, or a signature is no JSON of ours.
    InputError
        The bundle is not signed, or by another key, or its manifest was changed since.
    """
    with open_bundle(bundle) as opened:
        key = _key(public_key, "load_pem_public_key", "Ed25519PublicKey")
        signature = _signature(opened)
        signed = (opened.folder / MANIFEST_FILE).read_bytes()
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, signed)
    except InvalidSignature as error:
        expected, found = f"a signature of the key {public_key}", "one of another key or manifest"
        raise InputError(message(f"bundle {opened.path}", expected, found)) from error
    return opened.manifest


def _signature(opened: OpenBundle) -> bytes:
    file = opened.folder / SIGNATURE_FILE
    if not file.exists():
        remedy = "Sign its folder: neurodeploy bundle sign FOLDER --key KEY.pem."
        raise InputError(message(f"bundle {opened.path}", "a signed one", "no signature", remedy))
    said = parse_json(_small(file, "signature"), f"signature {file}", Signature)
    try:
        return base64.b64decode(said.signature, validate=True)
    except ValueError as error:
        raise FileFormatError(message(f"signature {file}", "base64", error)) from error


def _key(path: Path | str, load: str, kind: str, **options: Any) -> Any:
    """An Ed25519 key of a PEM file."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise MissingPackageError(f"signatures need the package cryptography: {INSTALL}") from error
    expected = f"an {kind.removeprefix('Ed25519').removesuffix('Key').lower()} key in PEM"
    where = f"key {path}"
    try:
        key = getattr(serialization, load)(_small(Path(path), "key"), **options)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FileFormatError(message(where, f"{ALGORITHM}, {expected}", error)) from error
    if not isinstance(key, getattr(ed25519, kind)):
        raise FileFormatError(message(where, f"{ALGORITHM}, {expected}", type(key).__name__))
    return key


def _small(path: Path, what: str) -> bytes:
    size = require_file(path, what).stat().st_size
    if size > LARGEST_KEY:
        raise FileFormatError(message(f"{what} {path}", f"at most {LARGEST_KEY} bytes", size))
    return path.read_bytes()
