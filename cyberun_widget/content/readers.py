"""Reading an artifact in Python: bytes, pictures, JSON, text, arrays, tables; and copying it somewhere."""

from __future__ import annotations

import base64
import codecs
import contextlib
import importlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image, UnidentifiedImageError

from cyberun_widget.content.sniff_text import load_json
from cyberun_widget.errors import CyberunError
from cyberun_widget.support.filenames import fold, unique_name

if TYPE_CHECKING:
    from cyberun_widget.artifacts.model import Artifact

_SHOWN_MAX: Final = 8 * 1024 * 1024  # bytes of a picture that a cell shows as it is
_SHOWN: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def located(artifact: Artifact) -> Path:
    """Return where the file is. Raises `CyberunError` that says how to get it, if it isn't here."""
    if artifact.path is None or artifact.state != "ready":
        why = f" ({artifact.error})" if artifact.error else ""
        raise CyberunError(
            f"{artifact.name} isn't downloaded: it is {artifact.state}{why}. Get it with w.fetch({artifact.key!r}), "
            f'or make the widget with download="all".'
        )
    return artifact.path


def content(artifact: Artifact) -> bytes:
    """Return the whole file."""
    path = located(artifact)
    try:
        return path.read_bytes()
    except OSError as problem:
        words = f"{path} can't be read any more ({problem.strerror}). Get it again with w.fetch({artifact.key!r})."
    raise CyberunError(words)


def image(artifact: Artifact) -> Image.Image:
    """Return the decoded picture."""
    path = located(artifact)
    if artifact.kind != "image" or artifact.mime == "image/svg+xml":
        raise CyberunError(f"{artifact.name} is no picture of pixels but {artifact.mime}. Use .bytes() or .path.")
    try:
        with Image.open(path) as opened:
            opened.load()
            return opened.copy() if not getattr(opened, "is_animated", False) else Image.open(path)
    except Image.DecompressionBombError:
        words = f"{artifact.name} has more pixels than Pillow opens by itself; see PIL.Image.MAX_IMAGE_PIXELS."
    except UnidentifiedImageError:
        words = f"Pillow can't read {artifact.name} ({artifact.mime}). Use .bytes() or .path."
    except (OSError, ValueError, SyntaxError) as problem:
        words = f"{artifact.name} is damaged: {problem}"
    raise CyberunError(words)


def parsed(artifact: Artifact) -> Any:
    """Return the JSON value."""
    data = content(artifact)
    try:
        return load_json(data)
    except (ValueError, RecursionError) as problem:
        words = f"{artifact.name} isn't JSON that can be read: {problem}"
    raise CyberunError(words)


def text(artifact: Artifact) -> str:
    """Return the decoded text."""
    data = content(artifact)
    try:
        return data.decode("utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def array(artifact: Artifact) -> Any:
    """Return NumPy arrays. Pickled objects inside a file aren't loaded: that would run what a server sent."""
    numpy = _library("numpy", "an array")
    path = located(artifact)
    if artifact.mime in ("application/x-npy", "application/x-npz"):
        try:
            loaded = numpy.load(path, allow_pickle=False)
            return {name: loaded[name] for name in loaded.files} if hasattr(loaded, "files") else loaded
        except (ValueError, OSError, EOFError) as problem:
            words = f"{artifact.name} can't be read as an array: {problem}"
        raise CyberunError(words)
    if artifact.kind == "image":
        return numpy.asarray(image(artifact))
    if artifact.kind == "table":
        return dataframe(artifact).to_numpy()
    raise CyberunError(f"{artifact.name} ({artifact.mime}) is no array. Use .bytes() or .path.")


def dataframe(artifact: Artifact) -> Any:
    """Return a pandas DataFrame."""
    pandas = _library("pandas", "a table")
    path = located(artifact)
    readers: dict[str, Any] = {
        "text/csv": lambda: pandas.read_csv(path, sep=None, engine="python"),
        "text/tab-separated-values": lambda: pandas.read_csv(path, sep="\t"),
        "application/vnd.apache.parquet": lambda: pandas.read_parquet(path),
        "application/vnd.apache.arrow.file": lambda: pandas.read_feather(path),
        "application/json": lambda: pandas.json_normalize(parsed(artifact)),
        "application/x-npy": lambda: pandas.DataFrame(array(artifact)),
    }
    reader = readers.get(artifact.mime)
    if reader is None:
        raise CyberunError(f"{artifact.name} ({artifact.mime}) is no table. Use .bytes() or .path.")
    try:
        return reader()
    except ImportError as problem:
        words = f"Reading {artifact.name} needs one more library: {problem}"
    except (ValueError, OSError, TypeError, NotImplementedError) as problem:
        words = f"{artifact.name} can't be read as a table: {problem}"
    raise CyberunError(words)


def _library(name: str, what: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        words = f"{name} isn't installed, and {what} needs it: pip install {name}"
    raise CyberunError(words)


def save(artifact: Artifact, target: str | os.PathLike[str]) -> Path:
    """Copy the file to a folder, or to a file's path; see `Artifact.save`."""
    source, wanted = located(artifact), Path(target).expanduser()
    into_folder = wanted.is_dir() or str(target).endswith(("/", os.sep))
    folder, name = (wanted, artifact.name) if into_folder else (wanted.parent, wanted.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return copy_beside(source, folder, name)
    except OSError as problem:
        words = f"{artifact.name} can't be saved in {folder}: {problem.strerror or problem}. Choose another folder."
    raise CyberunError(words)


def copy_beside(source: Path, folder: Path, name: str) -> Path:
    """Copy `source` into `folder` under `name`, or `name-2`… where another file has it; return the path.

    A file that holds the same bytes already is left as it is. Raises OSError.
    """
    taken: set[str] = set()
    while True:
        path = folder / unique_name(name, taken)
        if path.is_file() and not path.is_symlink() and same_content(source, path):
            return path
        try:
            with source.open("rb") as reader, path.open("xb") as writer:
                shutil.copyfileobj(reader, writer, 1 << 20)
        except FileExistsError:
            taken.add(fold(path.name))
            continue
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return path


def same_content(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes."""
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as left, other.open("rb") as right:
        while block := left.read(1 << 20):
            if block != right.read(1 << 20):
                return False
    return True


def picture(artifact: Artifact) -> dict[str, str]:
    """Return what a cell shows of an artifact: the picture itself, else its poster, else nothing. Never SVG markup."""
    mime, data = artifact.poster_mime, artifact.poster
    if artifact.mime in _SHOWN and artifact.path is not None and (artifact.size or 0) <= _SHOWN_MAX:
        with contextlib.suppress(OSError):  # gone from disk since: the poster still shows what it was
            mime, data = artifact.mime, artifact.path.read_bytes()
    return {mime: base64.b64encode(data).decode("ascii")} if data and mime in _SHOWN else {}
