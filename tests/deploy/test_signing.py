"""A signature holds for the files that were signed, and for nothing else."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

import neurodeploy as nd
from neurodeploy.deploy.manifest import MANIFEST_FILE, NETWORK_FILE
from neurodeploy.deploy.signing import SIGNATURE_FILE, require_signature, sign_bundle
from neurodeploy.errors import FileFormatError, InputError


def write_keys(folder: Path, name: str) -> tuple[Path, Path]:
    private = ed25519.Ed25519PrivateKey.generate()
    paths = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    paths[0].write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    paths[1].write_bytes(
        private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return paths


def test_what_was_signed_is_what_is_accepted(bundle: Path, tmp_path: Path) -> None:
    private, public = write_keys(tmp_path, "mine")
    with pytest.raises(InputError, match="expected a signed one, found no signature"):
        require_signature(bundle, public)
    sign_bundle(bundle, private)
    assert require_signature(bundle, public).network.input_shape == (6,)
    assert nd.load_bundle(bundle, signed_by=public).network.input_shape == (6,)


def test_openssl_agrees(bundle: Path, tmp_path: Path) -> None:
    private, public = write_keys(tmp_path, "mine")
    sign_bundle(bundle, private)
    said = json.loads((bundle / SIGNATURE_FILE).read_text())
    (tmp_path / "raw").write_bytes(base64.b64decode(said["signature"]))
    done = subprocess.run(
        [
            *("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin"),
            *("-in", bundle / MANIFEST_FILE, "-sigfile", tmp_path / "raw"),
        ],
        capture_output=True,
        text=True,
    )
    assert "Verified Successfully" in done.stdout, done.stderr


@pytest.mark.parametrize("changed", [MANIFEST_FILE, NETWORK_FILE])
def test_a_changed_file_is_noticed(changed: str, bundle: Path, tmp_path: Path) -> None:
    private, public = write_keys(tmp_path, "mine")
    sign_bundle(bundle, private)
    with (bundle / changed).open("ab") as file:
        file.write(b"\n")
    with pytest.raises((InputError, FileFormatError), match="another"):
        nd.load_bundle(bundle, signed_by=public)


def test_another_persons_key_is_no_witness(bundle: Path, tmp_path: Path) -> None:
    private, _ = write_keys(tmp_path, "mine")
    _, other = write_keys(tmp_path, "theirs")
    sign_bundle(bundle, private)
    with pytest.raises(InputError, match=r"a signature of the key .*theirs\.pub\.pem"):
        require_signature(bundle, other)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"algorithm": "none", "signature": ""}',
        '{"algorithm": "Ed25519", "signature": "%%"}',
        '{"algorithm": "Ed25519", "signature": 3}',
        "[" * 100_000,
    ],
)
def test_a_damaged_signature_is_refused(text: str, bundle: Path, tmp_path: Path) -> None:
    _, public = write_keys(tmp_path, "mine")
    (bundle / SIGNATURE_FILE).write_text(text)
    with pytest.raises(FileFormatError, match="signature"):
        require_signature(bundle, public)


def test_what_is_no_key_is_refused(bundle: Path, tmp_path: Path) -> None:
    private, public = write_keys(tmp_path, "mine")
    other = tmp_path / "ec.pem"
    other.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (tmp_path / "text.pem").write_text("no key")
    (tmp_path / "long.pem").write_bytes(b"x" * 100_000)
    for wrong in (public, other, tmp_path / "text.pem", tmp_path / "long.pem"):
        with pytest.raises(FileFormatError, match="key"):
            sign_bundle(bundle, wrong)
    assert not (bundle / SIGNATURE_FILE).exists()
    sign_bundle(bundle, private)
    with pytest.raises(FileFormatError, match="public key"):
        require_signature(bundle, private)
