"""What is kept for this user alone: the cache folder, and the seal on the records of what we wrote."""

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
    """Return the package's folder in the user's cache. It isn't made here."""
    return Path(user_cache_path(_APP, appauthor=False))


def is_private(folder: Path) -> bool:
    """Whether a folder lies in the user's cache, rather than where the user asked for it."""
    return folder.is_relative_to(private_root())


def make_folder(folder: Path) -> None:
    """Make a folder and those above it. In the user's cache, only the user can look into them. Raises OSError."""
    if not is_private(folder):
        folder.mkdir(parents=True, exist_ok=True)
        return
    root = private_root()
    root.parent.mkdir(parents=True, exist_ok=True)
    for path in (root, *(root.joinpath(*folder.relative_to(root).parts[:depth]) for depth in _depths(folder, root))):
        with contextlib.suppress(FileExistsError):
            path.mkdir(_FOR_US)
        if path.stat().st_mode & 0o077:  # made by an earlier version, or under a loose umask
            path.chmod(_FOR_US)


def seal(text: str) -> str:
    """Return a signature of `text` that only this user's processes can make, in hexadecimal."""
    return hmac.new(_key(private_root() / "seal"), text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def sealed(text: str, signature: object) -> bool:
    """Whether a signature is this user's."""
    return isinstance(signature, str) and signature.isascii() and hmac.compare_digest(seal(text), signature)


def _depths(folder: Path, root: Path) -> range:
    return range(1, len(folder.relative_to(root).parts) + 1)


@lru_cache(maxsize=4)
def _key(path: Path) -> bytes:
    """Return the user's key, made at its first use. Where it can't be kept, one that ends with the process."""
    fresh = secrets.token_bytes(_KEY_BYTES)
    try:
        make_folder(path.parent)
        draft = path.with_name(f"seal.{os.getpid()}.new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(fresh)
        try:
            os.link(draft, path)  # whole or not at all, and never over the key of a process that was quicker
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        with open_regular(path) as file:
            kept = file.read(_KEY_BYTES)
    except OSError as problem:
        _log.debug("no key is kept: %s", problem)
        return fresh
    return kept if len(kept) == _KEY_BYTES else fresh
