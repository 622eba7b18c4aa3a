"""The server in the foreground: what `cyberun-widget local` and `python -m cyberun_widget.local` run."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from cyberun_widget.local.process.extra import require_extra
from cyberun_widget.local.process.launcher import choose_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def connect_text(base_url: str, key: str) -> str:
    """Return how to reach the server, for a person to read. The one text that holds the key."""
    return (
        f"The local server listens on {base_url}\n\n"
        f"  export CYBERUN_BASE_URL={base_url}\n"
        f"  export CYBERUN_API_KEY={key}\n\n"
        "or in Python:\n\n"
        "  from cyberun_widget import Client\n"
        f'  client = Client("{key}", base_url="{base_url}")\n'
        '  client.run("gray-scott")\n\n'
        "It works on this computer's CPU; it is neither ComfyUI nor Nerfstudio. Ctrl-C ends it."
    )


def serve(  # noqa: PLR0913 - settings of which one names two or three
    port: int = 0,
    object_port: int = 0,
    state_dir: str | Path | None = None,
    speed: float = 1.0,
    *,
    api_key: str | None = None,
    on_ready: Callable[[str, str], None] | None = None,
    url_lifetime: int = 3600,
    heartbeat: float = 10.0,
    slots: int | None = None,
    labels: Sequence[str] = (),
    idle: float | None = None,
) -> None:
    """Run the server in this process until Ctrl-C or SIGTERM. `on_ready(base_url, key)` is called once it listens.

    The other arguments are those of `LocalServer.start`. Raises ImportError without the [local] extra, OSError where a
    port is taken, ValueError for an unfit key.
    """
    require_extra()
    from cyberun_widget.local.http.app import AppSettings  # noqa: PLC0415
    from cyberun_widget.local.process import server as serving  # noqa: PLC0415 - needs the extra
    from cyberun_widget.local.work.agent import AgentSettings  # noqa: PLC0415

    key = choose_key(api_key)
    agent = AgentSettings(speed=speed, labels=tuple(labels))
    if slots is not None:
        agent = AgentSettings(slots=slots, speed=speed, labels=tuple(labels))
    settings = serving.ServeSettings(
        api_key=key,
        port=port,
        object_port=object_port,
        state_dir=Path(state_dir) if state_dir is not None else None,
        agent=agent,
        app=AppSettings(url_lifetime=url_lifetime, heartbeat=heartbeat),
        idle=idle,
    )
    serving.serve(settings, lambda address: on_ready(address.base_url, key) if on_ready else None)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the server from the command line. Returns the exit code."""
    options = _parser().parse_args(argv)
    require_extra()
    from cyberun_widget.local.http.app import AppSettings  # noqa: PLC0415
    from cyberun_widget.local.process import server as serving  # noqa: PLC0415 - needs the extra
    from cyberun_widget.local.work.agent import AgentSettings  # noqa: PLC0415

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        key = choose_key()
        settings = serving.ServeSettings(
            api_key=key,
            port=options.port,
            object_port=options.object_port,
            state_dir=options.state_dir,
            agent=AgentSettings(slots=options.slots, speed=options.speed, labels=tuple(options.label)),
            app=AppSettings(url_lifetime=options.url_lifetime, heartbeat=options.heartbeat),
            idle=options.idle,
            lifeline=options.lifeline,
            runtime_file=options.runtime_file,
        )
        if options.announce:
            os.environ.pop("CYBERUN_LOCAL_KEY", None)  # not for the workers
            serving.serve(settings, serving.announce)
        else:
            serving.serve(settings, lambda address: _say(connect_text(address.base_url, key)))
    except (OSError, ValueError) as exc:
        _say(f"cyberun_widget.local: {exc}", sys.stderr)
        return 1
    return 0


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
    parser.add_argument("--port", type=int, default=0, help="port of the API; 0 for a free one (default)")
    parser.add_argument(
        "--object-port", type=int, default=0, help="port of the object store; 0 for a free one (default)"
    )
    parser.add_argument("--state-dir", type=Path, help="folder to keep tasks and files in (default: a temporary one)")
    parser.add_argument("--speed", type=_positive, default=1.0, help="divides the pauses between a task's states")
    parser.add_argument("--url-lifetime", type=_count, default=3600, help="seconds that a link is good for (3600)")
    parser.add_argument("--heartbeat", type=_positive, default=10.0, help="seconds between a stream's comments (10)")
    parser.add_argument("--slots", type=_count, default=max(2, (os.cpu_count() or 2) // 2), help="tasks at once")
    parser.add_argument("--label", action="append", default=[], help="a label that the agent offers; may be repeated")
    parser.add_argument("--idle", type=_positive, help="end after so many seconds without use (default: never)")
    parser.add_argument("--runtime-file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--lifeline", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--announce", action="store_true", help=argparse.SUPPRESS)
    return parser
