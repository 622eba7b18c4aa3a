"""The server in the foreground: what `cyberun-widget local` and `python -m cyberun_widget.local` run."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from cyberun_widget.local.process.extra import require_extra
from cyberun_widget.local.process.settings import ServerSettings, default_slots

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def connect_text(base_url: str, key: str) -> str:
    """Return connection instructions for the user. No other text contains the key."""
    return (
        f"The local server listens on {base_url}\n\n"
        f"  export CYBERUN_BASE_URL={base_url}\n"
        f"  export CYBERUN_API_KEY={key}\n\n"
        "or in Python:\n\n"
        "  from cyberun_widget import Client\n"
        f'  client = Client("{key}", base_url="{base_url}")\n'
        '  client.run("gray-scott")\n\n'
        "It works on this computer's CPU; it is neither ComfyUI nor Nerfstudio. Ctrl-C stops it."
    )


def serve(settings: ServerSettings, on_ready: Callable[[str, str], None]) -> None:
    """Run a server in this process until Ctrl-C or SIGTERM. `on_ready(base_url, key)` is called once it listens.

    Raises ImportError without the [local] extra, OSError if a port is taken or the folder can't be used.
    """
    require_extra()
    from cyberun_widget.local.process.server import run  # noqa: PLC0415 - needs the extra

    run(settings, lambda address: on_ready(address.base_url, settings.api_key))


def main(argv: Sequence[str] | None = None) -> int:
    """Run a server from the command line. Returns the exit code."""
    options = vars(_parser().parse_args(argv))
    announced = options.pop("announce")
    os.umask(0o077)  # the process belongs to the server: all its files are private to the user
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        settings = ServerSettings(**options | {"labels": tuple(options["labels"])})
        if announced:
            _serve_child(settings)
        else:
            serve(settings, lambda base_url, key: _say(connect_text(base_url, key)))
    except (ImportError, OSError, ValueError) as exc:
        _say(f"cyberun_widget.local: {exc}", sys.stderr)
        return 1
    return 0


def _serve_child(settings: ServerSettings) -> None:
    require_extra()
    from cyberun_widget.local.process.server import announce, run  # noqa: PLC0415 - needs the extra

    run(settings, announce)


def _say(text: str, stream: TextIO | None = None) -> None:
    out = stream or sys.stdout
    out.write(text + "\n")
    out.flush()


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cyberun_widget.local", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=0, help="port of the API; 0 for a free one (default)")
    add("--object-port", type=int, default=0, help="port of the object store; 0 for a free one (default)")
    add("--state-dir", type=Path, help="folder to keep tasks and files in (default: a temporary one)")
    add("--speed", type=_positive, default=1.0, help="divides the pauses between a task's states")
    add("--slots", type=_count, default=default_slots(), help="tasks at once (%(default)s)")
    add("--label", dest="labels", action="append", default=[], help="a label that the agents offer; may be repeated")
    add("--url-lifetime", type=_count, default=3600, help="seconds that a link is good for (%(default)s)")
    add("--heartbeat", type=_positive, default=10.0, help="seconds between a stream's comments (%(default)s)")
    add("--head-timeout", type=_positive, default=10.0, help="seconds a client has to send its headers (%(default)s)")
    add("--idle", type=_positive, help="end after so many seconds without use (default: never)")
    add("--runtime-file", type=Path, help=argparse.SUPPRESS)
    add("--lifeline", action="store_true", help=argparse.SUPPRESS)
    add("--announce", action="store_true", help=argparse.SUPPRESS)
    return parser
