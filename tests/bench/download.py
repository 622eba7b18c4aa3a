"""Download throughput and memory: `python -m tests.bench.download`. Ours, curl and plain httpx in the same run.

A file of 300 MB is downloaded over loopback from a server that uses `sendfile`, three times each, in turn; the table
shows the median. Ours and httpx run in a separate process each time, to measure its peak memory: the increase during
the download, after a warm-up with a small file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from cyberun_widget.api.pool import close_pool
from cyberun_widget.api.settings import Settings
from cyberun_widget.api.transport import Http
from cyberun_widget.downloads.manager import Downloads
from tests.bench.report import Row, table

if TYPE_CHECKING:
    from collections.abc import Iterable

MEGA = 1_000_000
WARM = 200_000


def serve(path: Path) -> int:
    """Serve a file's first bytes, whose number is the request's path. Return the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk(connection: socket.socket) -> None:
        with connection, path.open("rb") as file:
            head = b""
            while b"\r\n\r\n" not in head:
                data = connection.recv(65536)
                if not data:
                    return
                head += data
            size, sent = int(head.split(b" ")[1][1:]), 0
            answer = f'HTTP/1.1 200 OK\r\nETag: "x"\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n'
            connection.sendall(answer.encode())
            while sent < size:
                sent += os.sendfile(connection.fileno(), file.fileno(), sent, size - sent)

    def accept() -> None:
        while True:
            connection, _address = listener.accept()
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return int(listener.getsockname()[1])


async def ours(url: str, folder: Path) -> None:
    async def refresh() -> dict[str, str]:
        return {"download_url": url}

    http = Http(Settings.resolve("sk-bench-0000000000", "http://127.0.0.1:9/api/v1", environ={}))
    downloads = Downloads(url, http, refresh=refresh, folder=folder, mode="all", on_change=lambda _items: None)
    (item,) = await downloads.run(await refresh())
    await close_pool()
    assert item.state == "ready", item.error


async def plain(url: str, folder: Path) -> None:
    async with httpx.AsyncClient() as client, client.stream("GET", url) as response:
        with (folder / "plain").open("wb") as file:
            async for chunk in response.aiter_bytes():
                file.write(chunk)


def peak() -> int:
    """Return this process's peak memory in bytes. Not `ru_maxrss`: a child inherits its parent's value."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def child(way: str, port: int, size: int, folder: Path) -> None:
    """Download once in this process, and print the seconds and the peak additional memory."""
    fetch = {"ours": ours, "httpx": plain}[way]
    asyncio.run(fetch(f"http://127.0.0.1:{port}/{WARM}", folder))
    before = peak()
    started = time.perf_counter()
    asyncio.run(fetch(f"http://127.0.0.1:{port}/{size}", folder))
    seconds = time.perf_counter() - started
    extra = peak() - before
    sys.stdout.write(json.dumps({"seconds": seconds, "extra": extra}))


def once(way: str, port: int, size: int) -> dict[str, float]:
    """Download once in a fresh folder."""
    folder = Path(tempfile.mkdtemp())
    try:
        if way == "curl":
            started = time.perf_counter()
            subprocess.run(["curl", "-sf", "-o", folder / "curl", f"http://127.0.0.1:{port}/{size}"], check=True)
            return {"seconds": time.perf_counter() - started, "extra": float("nan")}
        command = [sys.executable, "-m", "tests.bench.download", "--child", way, "--port", str(port)]
        done = subprocess.run(
            [*command, "--size", str(size), "--folder", str(folder)], check=True, capture_output=True, text=True
        )
        return dict(json.loads(done.stdout))
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=300 * MEGA, help="bytes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["curl", "httpx", "ours"], help="measure one of them, as a line of JSON")
    parser.add_argument("--child", choices=["ours", "httpx"], help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.child:
        child(told.child, told.port, told.size, told.folder)
        return
    with tempfile.NamedTemporaryFile() as source:
        block = os.urandom(MEGA)
        for _ in range(told.size // MEGA + 1):
            source.write(block)
        source.flush()
        port = serve(Path(source.name))
        if told.only:
            sys.stdout.write(json.dumps(once(told.only, port, told.size)) + "\n")
            return
    sys.stdout.write(table(measure(told.size, told.rounds)) + "\n")


def measure(size: int = 300 * MEGA, rounds: int = 3) -> Iterable[Row]:
    """Yield the rows of the table: the median speed, and the highest peak of additional memory."""
    runs: dict[str, list[dict[str, float]]] = {"curl": [], "httpx": [], "ours": []}
    with tempfile.NamedTemporaryFile() as source:
        block = os.urandom(MEGA)
        for _ in range(size // MEGA + 1):
            source.write(block)
        source.flush()
        port = serve(Path(source.name))
        for _ in range(rounds):
            for way, measured in runs.items():
                measured.append(once(way, port, size))
    speed = {way: size / MEGA / statistics.median(run["seconds"] for run in all_of) for way, all_of in runs.items()}
    for way, all_of in runs.items():
        extra = max(run["extra"] for run in all_of)
        memory = "" if way == "curl" else f", {extra / MEGA:,.1f} MB of memory"
        figure = f"{speed[way]:,.0f} MB/s{memory}"
        who = "cyberun-widget" if way == "ours" else way
        yield Row(
            "download", f"{size / MEGA:,.0f} MB over loopback", who, figure, f"{speed[way] / speed['curl']:.2f} x curl"
        )


if __name__ == "__main__":
    main()
