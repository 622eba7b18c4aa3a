"""`cyberun-widget demo | local | watch`: the command line.

Exit codes: 0 success (`watch`: the task completed); 1 the task failed; 2 it was cancelled; 3 an error, with the reason
on stderr; 64 an invalid command line; 130 Ctrl-C (`watch`: the task keeps running).
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from cyberun_widget.errors import ConfigurationError, CyberunError
from cyberun_widget.support.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

COMPLETED: Final = 0
FAILED: Final = 1
CANCELLED: Final = 2
TROUBLE: Final = 3
USAGE: Final = 64
INTERRUPTED: Final = 130

_PORTS: Final = 65535
_KEYS: Final = "The key is read from CYBERUN_API_KEY (or CYBERUN_KEY), never from the command line."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (`sys.argv` by default) and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](options)
    except CyberunError as error:
        print(f"cyberun-widget: {clean(error, lines=True)}", file=sys.stderr)  # noqa: T201 - output for the user
        return TROUBLE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of the output has ended, as in `| head`: not an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return TROUBLE


def _demo(options: argparse.Namespace) -> int:
    from cyberun_widget.cli.demo import demo  # noqa: PLC0415 - each command loads only what it needs

    demo(port=options.port, browser=options.browser)
    return COMPLETED


def _local(options: argparse.Namespace) -> int:
    from cyberun_widget.local import ServerSettings, connect_text, serve  # noqa: PLC0415 - needs an extra

    def ready(base_url: str, key: str) -> None:
        print(connect_text(base_url, key), flush=True)  # noqa: T201 - output for the user

    try:
        serve(ServerSettings(port=options.port, state_dir=options.state_dir), ready)
    except ImportError as error:
        words = str(error)  # the extra is missing; the error says how to install it
    except OSError as error:
        words = f"The local server could not be started: {error.strerror or error}."
    except ValueError as error:
        words = f"The local server could not be started: {error}"
    else:
        return COMPLETED
    raise ConfigurationError(words)


def _watch(options: argparse.Namespace) -> int:
    from cyberun_widget.cli.watch import follow  # noqa: PLC0415 - each command loads only what it needs

    verdict = follow(
        options.task_id,
        base_url=options.base_url,
        team_id=options.team_id,
        local=options.local,
        save=options.save,
        plain=options.plain,
    )
    return {"completed": COMPLETED, "failed": FAILED, "cancelled": CANCELLED}.get(verdict, TROUBLE)


_COMMANDS: Final = {"demo": _demo, "local": _local, "watch": _watch}


class _Parser(argparse.ArgumentParser):
    """Answers an invalid command line with a single line, and an exit code that differs from a verdict's."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message}. See {self.prog} --help.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="cyberun-widget",
        description="Watch remote GPU tasks from a notebook or a terminal.",
        epilog="Exit codes: 0 success (watch: completed), 1 the task failed, 2 it was cancelled, 3 error, "
        "64 invalid command line, 130 Ctrl-C.",
    )
    parser.add_argument("--version", action="version", version=f"cyberun-widget {version('cyberun-widget')}")
    commands = parser.add_subparsers(dest="command", metavar="demo | local | watch", required=True)

    demo = commands.add_parser(
        "demo",
        help="open the quickstart in JupyterLab with a local server; needs no key",
        description="Start the local server, and JupyterLab with the quickstart. If CYBERUN_API_KEY is set, the "
        "quickstart uses the cloud instead. Ctrl-C stops everything.",
    )
    demo.add_argument(
        "--no-browser", dest="browser", action="store_false", help="print the address without opening a browser"
    )
    demo.add_argument("--port", type=_port, metavar="N", help="JupyterLab's port (default: 8888, or the next free one)")

    local = commands.add_parser(
        "local",
        help="start only the local server and print how to connect",
        description="Start the embedded server on this machine's loopback address and print how to connect. It does "
        "real work on the CPU, but it isn't ComfyUI or Nerfstudio. Ctrl-C stops it.",
    )
    local.add_argument("--port", type=_port, default=0, metavar="N", help="the API's port (default: any free one)")
    local.add_argument(
        "--state-dir",
        type=Path,
        metavar="FOLDER",
        help="keep tasks and files in this folder (default: for this run only)",
    )

    watch = commands.add_parser(
        "watch",
        help="follow a task in the terminal",
        description=f"Follow a task until it ends. Ctrl-C stops watching, not the task. {_KEYS}",
        epilog="Exit codes: 0 completed, 1 failed, 2 cancelled, 3 could not be watched, 64 invalid command line, "
        "130 Ctrl-C (the task keeps running).",
    )
    watch.add_argument("task_id", metavar="TASK_ID", help="the task's id")
    watch.add_argument("--save", metavar="FOLDER", help="download all of the task's files and copy them to this folder")
    watch.add_argument(
        "--plain", action="store_true", help="print a few plain lines, as if the output were not a terminal"
    )
    watch.add_argument("--local", action="store_true", help="watch a task of this machine's local server; needs no key")
    watch.add_argument("--base-url", metavar="URL", help="your own deployment's .../api/v1 (or CYBERUN_BASE_URL)")
    watch.add_argument("--team-id", metavar="UUID", help="the team, with a user token (or CYBERUN_TEAM_ID)")
    return parser


def _port(text: str) -> int:
    """Parse a port. Raises ArgumentTypeError."""
    if not text.isdecimal() or not 0 <= int(text) <= _PORTS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number from 0 to {_PORTS}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
