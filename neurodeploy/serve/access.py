"""Who may ask: an address of this machine, or whoever has the token."""

from __future__ import annotations

import hmac
import importlib.util
import ipaddress
import os
from pathlib import Path

from neurodeploy._io.files import require_file
from neurodeploy.errors import FileFormatError, InputError, MissingPackageError, message

TOKEN_VARIABLE = "NEURODEPLOY_TOKEN"
SHORTEST_TOKEN = 16
LONGEST_TOKEN = 1024
NEEDED = ("fastapi", "uvicorn", "websockets", "prometheus_client")


def require_packages() -> None:
    """Raise unless what the service is made of is installed; nothing is imported.

    Raises
    ------
    MissingPackageError
        Something is not.
    """
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        remedy = "Run `pip install 'neurodeploy[serve]'`."
        raise MissingPackageError(message("serve", ", ".join(NEEDED), f"no {absent[0]}", remedy))


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_token(file: Path | None) -> str | None:
    """The token of a file, else of the environment, else None.

    Raises
    ------
    FileFormatError
        There is no such file, or it is no text.
    InputError
        The token is too short, too long, or has spaces in it.
    """
    where = TOKEN_VARIABLE if file is None else f"token {file}"
    token = os.environ.get(TOKEN_VARIABLE)
    if file is not None:
        size = require_file(file, "token").stat().st_size
        try:
            token = file.read_text().strip() if size <= 2 * LONGEST_TOKEN else " "
        except (OSError, UnicodeDecodeError) as error:
            raise FileFormatError(message(where, "a text", error)) from error
    if token is None:
        return None
    plain = token.isascii() and token.isprintable() and " " not in token
    if not (plain and SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN):
        expected = f"{SHORTEST_TOKEN} to {LONGEST_TOKEN} printable characters without spaces"
        remedy = "Make one: openssl rand -hex 32."
        raise InputError(message(where, expected, f"{len(token)} characters", remedy))
    return token


def require_access(host: str, token: str | None) -> None:
    """Refuse an address that others reach, without a token.

    Raises
    ------
    InputError
        It is one.
    """
    if token is None and not is_loopback(host):
        remedy = f"Set {TOKEN_VARIABLE}, or give --token-file."
        raise InputError(
            message(f"host {host}", "a token, or an address of loopback", "none", remedy)
        )


def may_ask(token: str | None, header: bytes) -> bool:
    """Whether an Authorization header has the token, where one is needed."""
    if token is None:
        return True
    scheme, _, said = header.partition(b" ")
    return scheme.lower() == b"bearer" and hmac.compare_digest(said.strip(), token.encode())


def is_own_page(header: bytes, host: bytes, token: str | None) -> bool:
    """Whether a request is none that a web page of somebody else has sent from this machine.

    Parameters
    ----------
    header : bytes
        ``Origin``, which browsers send; empty without one.
    host : bytes
        ``Host``. Without a token it must be a name of loopback, so that a page whose name was
        bound to this machine later cannot ask.
    token : str, optional
    """
    if header and header.partition(b"://")[2] != host:
        return False
    if token is not None:
        return True
    name = host.decode("latin-1").strip()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    return is_loopback(name)
