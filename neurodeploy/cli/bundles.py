"""Commands on bundles as files: bundle make, sign, verify, pack, unpack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from neurodeploy._io.files import require_writable
from neurodeploy._io.limits import DEFAULT
from neurodeploy.cli.app import app, out, print_json
from neurodeploy.cli.arguments import (
    InputShapeOption,
    JsonOption,
    MaxMemoryOption,
    file_of,
    output_file,
    shape_of,
)
from neurodeploy.cli.network_arguments import NetworkArgument
from neurodeploy.deploy.packing import pack_bundle, unpack_bundle
from neurodeploy.deploy.signing import require_signature, sign_bundle
from neurodeploy.errors import InputError, message

bundles = typer.Typer(no_args_is_help=True, help="Make, sign, verify and pack bundles.")
app.add_typer(bundles, name="bundle")


BundleArgument = Annotated[Path, typer.Argument(help="A bundle folder.")]


def _steps(context: typer.Context, steps: int | None) -> int | None:
    if steps is None and context.params["network"].bundle is None:
        raise InputError(message("option --steps", "steps of a sample of the network", "none"))
    return steps


@bundles.command()
def make(
    network: NetworkArgument,
    folder: Annotated[Path, typer.Argument(help="A new folder.", callback=require_writable)],
    steps: Annotated[
        int | None,
        typer.Option(help="Of a sample; a bundle's own by default.", min=1, callback=_steps),
    ] = None,
    counts: Annotated[
        bool, typer.Option("--counts", help="With a decoder: what spikes most is the answer.")
    ] = False,
    input_shape: InputShapeOption = None,
    limits: MaxMemoryOption = DEFAULT,
) -> None:
    """Write a bundle of a network, or of another bundle, whose decoder is left out.

    Without --counts it has no decoder, for who reads the spikes on their own. A network takes
    spikes as they come.
    """
    from neurodeploy.cli.inputs import read_part
    from neurodeploy.deploy.bundle import Bundle, counting_bundle, save_bundle
    from neurodeploy.deploy.trained_encoder import load_encoder
    from neurodeploy.signals.encode import SpikeInput

    part, opened = read_part(network, shape_of(input_shape), limits), network.bundle
    if opened is None or part.encoding is None:
        assert steps is not None  # its check found some
        made = Bundle(network=part.network, encoding=SpikeInput(steps=steps))
    else:
        made = Bundle(
            network=part.network,
            encoding=part.encoding,
            steps=steps or opened.manifest.steps,
            encoder=load_encoder(opened),
            notes=opened.manifest.notes,
        )
    if counts:
        made = replace(made, decoder=counting_bundle(made.network, made.encoding).decoder)
    save_bundle(made, folder)
    out().print(f"Bundle: {folder}", markup=False, highlight=False, soft_wrap=True)


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
    manifest = require_signature(bundle, key)
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
