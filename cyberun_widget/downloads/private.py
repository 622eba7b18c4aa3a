"""Data private to this user: the cache folder, and the signature on our download records."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import os
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from cyberun_widget.content.file import open_regular

_log = logging.getLogger("cyberun_widget.download")

_APP: Final = "cyberun-widget"
_KEY_BYTES: Final = 32
_FOR_US: Final = 0o700


def private_root() -> Path:
    """Return the package's folder in the user's cache. The folder isn't created."""
    return Path(user_cache_path(_APP, appauthor=False))


def is_private(folder: Path) -> bool:
    """Whether a folder is in the user's cache, rather than one that the user chose."""
    return folder.is_relative_to(private_root())


def make_folder(folder: Path) -> None:
    """Create a folder and its parents. In the user's cache, only the user can access them. Raises OSError."""
    if not is_private(folder):
        folder.mkdir(parents=True, exist_ok=True)
        return
    root = private_root()
    root.parent.mkdir(parents=True, exist_ok=True)
    for path in (root, *(root.joinpath(*folder.relative_to(root).parts[:depth]) for depth in _depths(folder, root))):
        with contextlib.suppress(FileExistsError):
            path.mkdir(_FOR_US)
        if path.stat().st_mode & 0o077:  # created by an earlier version, or with a loose umask
            path.chmod(_FOR_US)


def seal(text: str) -> str:
    """Return an HMAC-SHA256 of `text` in hexadecimal, which only this user's processes can produce."""
    return hmac.new(_key(private_root() / "seal"), text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def sealed(text: str, signature: object) -> bool:
    """Whether `signature` is this user's signature of `text`."""
    return isinstance(signature, str) and signature.isascii() and hmac.compare_digest(seal(text), signature)


def _depths(folder: Path, root: Path) -> range:
    return range(1, len(folder.relative_to(root).parts) + 1)


@lru_cache(maxsize=4)
def _key(path: Path) -> bytes:
    """Return the user's key, created at its first use. If it can't be stored, return one for this process only."""
    fresh = secrets.token_bytes(_KEY_BYTES)
    try:
        make_folder(path.parent)
        draft = path.with_name(f"seal.{os.getpid()}.new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(fresh)
        try:
            os.link(draft, path)  # atomic, and never replaces a key that another process has just stored
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        with open_regular(path) as file:
            kept = file.read(_KEY_BYTES)
    except OSError as problem:
        _log.debug("the signing key can't be stored: %s", problem)
        return fresh
    return kept if len(kept) == _KEY_BYTES else fresh
