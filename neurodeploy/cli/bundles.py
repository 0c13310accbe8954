"""Commands on bundles as files: bundle sign, verify, pack, unpack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from neurodeploy.cli.app import app, out, print_json
from neurodeploy.cli.arguments import JsonOption, file_of, output_file
from neurodeploy.deploy.packing import bundle_folder, pack_bundle, unpack_bundle
from neurodeploy.deploy.signing import require_signature, sign_bundle

bundles = typer.Typer(no_args_is_help=True, help="Sign, verify and pack bundles.")
app.add_typer(bundles, name="bundle")


BundleArgument = Annotated[Path, typer.Argument(help="A bundle folder.")]


@bundles.command()
def sign(
    bundle: BundleArgument,
    key: Annotated[Path, typer.Option(help="Private Ed25519 key, PEM.", callback=file_of("key"))],
) -> None:
    """Sign the manifest, which has the checksums of all files."""
    sign_bundle(bundle, key)
    out().print(f"Signed: {bundle}", markup=False, highlight=False)


@bundles.command()
def verify(
    bundle: BundleArgument,
    key: Annotated[Path, typer.Option(help="Public Ed25519 key, PEM.", callback=file_of("key"))],
    as_json: JsonOption = False,
) -> None:
    """Check every file and who signed it; exit code 2 if anything is not as it was signed."""
    with bundle_folder(bundle) as folder:
        manifest = require_signature(folder, key)
    said: dict[str, Any] = {
        "bundle": str(bundle),
        "signed": True,
        "network": manifest.network.sha256,
    }
    if as_json:
        print_json(said)
    else:
        text = f"{bundle}: every file is as the owner of {key} signed it."
        out().print(text, markup=False, highlight=False, soft_wrap=True)


@bundles.command()
def pack(
    bundle: BundleArgument,
    output: Annotated[Path, typer.Argument(help="A ZIP file.", callback=output_file)],
) -> None:
    """Write a bundle as one file; the same bundle gives the same bytes."""
    pack_bundle(bundle, output)
    out().print(f"Packed: {output}", markup=False, highlight=False)


@bundles.command()
def unpack(
    archive: Annotated[Path, typer.Argument(help="Of `bundle pack`.", callback=file_of("bundle"))],
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
) -> None:
    """Write the folder of a packed bundle."""
    unpack_bundle(archive, folder)
    out().print(f"Unpacked: {folder}", markup=False, highlight=False)
