"""Who may ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurodeploy.errors import FileFormatError, InputError, MissingPackageError
from neurodeploy.serve.access import (
    TOKEN_VARIABLE,
    is_loopback,
    is_own_page,
    may_ask,
    read_token,
    require_access,
    require_packages,
)

TOKEN = "0123456789abcdef"


def test_loopback_is_open_and_all_else_needs_a_token() -> None:
    for host in ("127.0.0.1", "127.8.0.1", "::1", "localhost"):
        assert is_loopback(host)
        require_access(host, None)
    for host in ("0.0.0.0", "::", "10.0.0.1", "example.org", ""):
        assert not is_loopback(host)
        require_access(host, TOKEN)
        with pytest.raises(InputError, match=f"a token, .*, found none. Set {TOKEN_VARIABLE}"):
            require_access(host, None)


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    require_packages()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"found no fastapi.*neurodeploy\[serve\]"):
        require_packages()


def test_a_token_is_of_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert read_token(None) is None
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert read_token(file) == TOKEN
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN[::-1])
    assert read_token(None) == TOKEN[::-1]
    assert read_token(file) == TOKEN
    for wrong in ("short", "with space in the token", "x" * 2000, "é" * 20):
        file.write_text(wrong)
        with pytest.raises(InputError, match="printable characters without spaces") as raised:
            read_token(file)
        assert wrong not in str(raised.value)
    file.write_bytes(b"\xff" * 20)
    with pytest.raises(FileFormatError, match="a text"):
        read_token(file)
    monkeypatch.setenv(TOKEN_VARIABLE, "")
    with pytest.raises(InputError, match="found 0 characters"):
        read_token(None)


@pytest.mark.parametrize(
    ("header", "may"),
    [
        (b"Bearer 0123456789abcdef", True),
        (b"bearer 0123456789abcdef", True),
        (b"Bearer 0123456789abcdeg", False),
        (b"Basic 0123456789abcdef", False),
        (b"0123456789abcdef", False),
        (b"Bearer \xff", False),
        (b"", False),
    ],
)
def test_only_the_token_opens(header: bytes, may: bool) -> None:
    assert may_ask(TOKEN, header) == may
    assert may_ask(None, header)


@pytest.mark.parametrize(
    ("origin", "host", "token", "own"),
    [
        (b"", b"127.0.0.1:8000", None, True),
        (b"", b"localhost", None, True),
        (b"", b"[::1]:8000", None, True),
        (b"", b"elsewhere.example:8000", None, False),
        (b"", b"", None, False),
        (b"", b"served.example", TOKEN, True),
        (b"http://127.0.0.1:8000", b"127.0.0.1:8000", None, True),
        (b"http://elsewhere.example", b"127.0.0.1:8000", None, False),
        (b"null", b"127.0.0.1:8000", None, False),
        (b"http://elsewhere.example", b"served.example", TOKEN, False),
    ],
)
def test_a_page_asks_only_where_it_came_from(
    origin: bytes, host: bytes, token: str | None, own: bool
) -> None:
    assert is_own_page(origin, host, token) == own
