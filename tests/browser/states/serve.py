"""Serve the page of all states: ``python tests/browser/states/serve.py`` and open the address it prints.

The page reloads after each build; `make frontend` builds whenever a source is saved.
"""

from __future__ import annotations

import functools
import http.server
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
STATIC = HERE.parents[2] / "cyberun_widget" / "static"


class Handler(http.server.SimpleHTTPRequestHandler):
    """The fixtures at ``/`` and the package's own files at ``/static/``."""

    def translate_path(self, path: str) -> str:
        """Map the address to one of the two folders."""
        if path.startswith("/static/"):
            return str(STATIC / Path(path.partition("?")[0]).name)
        return super().translate_path(path)

    def do_GET(self) -> None:
        """Serve a file, or at ``/built`` the time of the last build."""
        if self.path != "/built":
            super().do_GET()
            return
        body = str(max((path.stat().st_mtime_ns for path in STATIC.glob("*.[jc]s*")), default=0)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        """Disable caching: the files change during development."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class names it so
        """Write no log to the terminal."""


@contextmanager
def served() -> Iterator[str]:
    """Yield the page's address, and serve it during the context."""
    handler = functools.partial(Handler, directory=str(HERE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
        finally:
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    with served() as address:
        sys.stdout.write(f"{address}?follow (Ctrl-C stops it)\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
