"""Readers of files for Python: bytes, pictures, JSON, text, arrays, tables; and copying a file."""

from __future__ import annotations

import codecs
import importlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyberun_widget.content.native import tables
from cyberun_widget.content.native.table_worker import PARQUET
from cyberun_widget.content.preview import BROKEN
from cyberun_widget.content.sniff_text import load_json
from cyberun_widget.errors import CyberunError
from cyberun_widget.support.filenames import fold, unique_name

if TYPE_CHECKING:
    from PIL import Image

    from cyberun_widget.content.file import File


def content(file: File) -> bytes:
    """Return the file's bytes."""
    try:
        return file.path.read_bytes()
    except OSError as problem:
        words = f"{file.path} can no longer be read: {problem.strerror}. {file.remedy}"
    raise CyberunError(words)


def image(file: File) -> Image.Image:
    """Return the decoded picture."""
    if file.kind != "image" or file.mime == "image/svg+xml":
        raise CyberunError(f"{file.name} is {file.mime}, not a raster image. Use .bytes() or .path.")
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - Pillow is slow to import

    from cyberun_widget.content.posters import FAILURES, plausible  # noqa: PLC0415 - imports Pillow

    try:
        if not plausible(file.path):
            raise ValueError("it declares more pixels than it can contain")
        with Image.open(file.path) as opened:
            opened.load()
            return opened.copy() if not getattr(opened, "is_animated", False) else Image.open(file.path)
    except Image.DecompressionBombError:
        words = f"{file.name} has more pixels than Pillow opens by default; see PIL.Image.MAX_IMAGE_PIXELS."
    except UnidentifiedImageError:
        words = f"Pillow can't read {file.name} ({file.mime}). Use .bytes() or .path."
    except FAILURES as problem:
        words = f"{file.name} is damaged: {problem}"
    raise CyberunError(words)


def parsed(file: File) -> Any:
    """Return the parsed JSON value."""
    data = content(file)
    try:
        return load_json(data)
    except (ValueError, RecursionError) as problem:
        words = f"{file.name} is not valid JSON: {problem}"
    raise CyberunError(words)


def text(file: File) -> str:
    """Return the decoded text."""
    data = content(file)
    try:
        return data.decode("utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def array(file: File) -> Any:
    """Return NumPy arrays. Never unpickles objects: that would run code from the server."""
    numpy = _library("numpy", "an array")
    if file.mime in ("application/x-npy", "application/x-npz"):
        try:
            loaded = numpy.load(file.path, allow_pickle=False)
            return {name: loaded[name] for name in loaded.files} if hasattr(loaded, "files") else loaded
        except BROKEN as problem:
            words = f"{file.name} can't be read as an array: {problem}"
        raise CyberunError(words)
    if file.kind == "image":
        return numpy.asarray(image(file))
    if file.kind == "table":
        return dataframe(file).to_numpy()
    raise CyberunError(f"{file.name} ({file.mime}) is not an array. Use .bytes() or .path.")


def dataframe(file: File) -> Any:
    """Return a pandas DataFrame."""
    pandas = _library("pandas", "a table")
    readers: dict[str, Any] = {
        "text/csv": lambda: pandas.read_csv(file.path, sep=None, engine="python"),
        "text/tab-separated-values": lambda: pandas.read_csv(file.path, sep="\t"),
        PARQUET: lambda: tables.dataframe(file),
        "application/vnd.apache.arrow.file": lambda: tables.dataframe(file),
        "application/json": lambda: pandas.json_normalize(parsed(file)),
        "application/x-npy": lambda: pandas.DataFrame(array(file)),
    }
    reader = readers.get(file.mime)
    if reader is None:
        raise CyberunError(f"{file.name} ({file.mime}) is not a table. Use .bytes() or .path.")
    try:
        return reader()
    except ImportError as problem:
        words = f"Reading {file.name} requires another library: {problem}"
    except (ValueError, OSError, TypeError, NotImplementedError) as problem:
        words = f"{file.name} can't be read as a table: {problem}"
    raise CyberunError(words)


def _library(name: str, what: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        words = f"{name} isn't installed, and {what} needs it: pip install {name}"
    raise CyberunError(words)


def save(file: File, target: str | os.PathLike[str]) -> Path:
    """Copy the file into the folder `target`, or to the file `target`. Return the copy's path.

    Never overwrites a different file: the copy's name gets a number instead. Raises CyberunError.
    """
    wanted = Path(target).expanduser()
    into_folder = wanted.is_dir() or str(target).endswith(("/", os.sep))
    folder, name = (wanted, file.name) if into_folder else (wanted.parent, wanted.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return copy_beside(file.path, folder, name)
    except OSError as problem:
        words = f"{file.name} can't be saved to {folder}: {problem.strerror or problem}. Choose another folder."
    raise CyberunError(words)


def copy_beside(source: Path, folder: Path, name: str) -> Path:
    """Copy `source` into `folder` as `name`, or as `name-2`… if a different file has that name. Return the path.

    A file with the same content is left unchanged. Raises OSError.
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
    """Whether two files have the same content."""
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as left, other.open("rb") as right:
        while block := left.read(1 << 20):
            if block != right.read(1 << 20):
                return False
    return True
