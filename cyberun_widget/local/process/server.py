"""Running the server: two origins on one event loop, from the sockets to a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from cyberun_widget.local.http.app import Api, AppSettings, create_app
from cyberun_widget.local.http.credentials import Credentials
from cyberun_widget.local.http.object_store import Objects, create_object_app
from cyberun_widget.local.http.signing import Signer
from cyberun_widget.local.state.event_hub import Hub
from cyberun_widget.local.state.store import Store
from cyberun_widget.local.work.agent import Agent, AgentSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOG: Final = logging.getLogger("cyberun_widget.local")
_HOST: Final = "127.0.0.1"
_INPUT_DAYS: Final = 1
_OUTPUT_DAYS: Final = 7
_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """How to run. Ports: 0 for any free one. `idle`: seconds without a request or a task until it ends; None for never.

    `lifeline`: whether the end of stdin ends the server; `runtime_file`: where to write how to reach it (mode 0600).
    """

    api_key: str = field(repr=False)
    port: int = 0
    object_port: int = 0
    state_dir: Path | None = None
    agent: AgentSettings = field(default_factory=AgentSettings)
    app: AppSettings = field(default_factory=AppSettings)
    idle: float | None = None
    lifeline: bool = False
    runtime_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens."""

    base_url: str
    object_url: str
    pid: int


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: two of them share this process, and we have our own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(settings: ServeSettings, on_ready: Callable[[Address], None]) -> None:
    """Run until a signal, the end of stdin or idleness ends it. `on_ready` is called once both origins listen.

    Raises OSError where a port is taken or the folder can't be used, ValueError for a key that can't be one.
    """
    credentials = Credentials.from_key(settings.api_key)
    with contextlib.ExitStack() as stack:
        api_socket = stack.enter_context(_listen(settings.port))
        object_socket = stack.enter_context(_listen(settings.object_port))
        folder = settings.state_dir
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cyberun-local-")))
        store = Store(folder)
        stack.callback(store.close)
        asyncio.run(_main(settings, credentials, store, (api_socket, object_socket), on_ready))


async def _main(
    settings: ServeSettings,
    credentials: Credentials,
    store: Store,
    sockets: tuple[socket.socket, socket.socket],
    on_ready: Callable[[Address], None],
) -> None:
    origins = [f"http://{_HOST}:{item.getsockname()[1]}" for item in sockets]
    hub = Hub()
    agent = Agent(store, hub, settings.agent)
    signer = Signer(origins[1], "cyberun-local", store.secret())
    api = Api(store, hub, agent, signer, credentials, settings.app, active=time.time())
    apps = (create_app(api), create_object_app(Objects(store, signer)))
    servers = [_Server(_config(app)) for app in apps]
    stop = asyncio.Event()
    _on_signals(stop)
    if settings.lifeline:
        _on_stdin_end(stop)
    runs = [asyncio.create_task(item.serve([sock])) for item, sock in zip(servers, sockets, strict=True)]
    agent.start()
    keeper = asyncio.create_task(_keep(settings, api, stop))
    address = Address(f"{origins[0]}/api/v1", origins[1], os.getpid())
    # uvicorn has no event for it.
    while not all(item.started for item in servers) and not any(run.done() for run in runs):  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    if settings.runtime_file:
        _write_runtime(settings.runtime_file, address, settings.api_key)
    on_ready(address)
    try:
        await asyncio.wait([asyncio.create_task(stop.wait()), *runs], return_when=asyncio.FIRST_COMPLETED)
    finally:
        keeper.cancel()
        if settings.runtime_file:
            _remove_runtime(settings.runtime_file)
        hub.close()
        await agent.close()
        for item in servers:
            item.should_exit = True
        await asyncio.gather(*runs, return_exceptions=True)


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", server_header=False, timeout_graceful_shutdown=2,
        timeout_keep_alive=30, ws="none", http="h11", loop="asyncio",
    )  # fmt: skip


def _listen(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart takes its port back at once
        sock.bind((_HOST, port))
        sock.listen(512)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except (NotImplementedError, RuntimeError, ValueError):
            with contextlib.suppress(ValueError):
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))


def _on_stdin_end(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def watch() -> None:
        while os.read(0, 4096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


async def _keep(settings: ServeSettings, api: Api, stop: asyncio.Event) -> None:
    """Remove old files, and end the server when nobody needs it any more."""
    swept = float("-inf")
    while True:
        now = time.time()
        if now - swept > _DAY / 24:
            swept = now
            api.store.drop_objects("inputs/", now - _INPUT_DAYS * _DAY)
            api.store.drop_objects("outputs/", now - _OUTPUT_DAYS * _DAY)
        if settings.idle is not None:
            if api.hub.streams or api.agent.busy:
                api.active = now
            if now - api.active > settings.idle:
                _LOG.info("idle for %.0f s: the local server ends", settings.idle)
                stop.set()
        await asyncio.sleep(15 if settings.idle is None else min(15.0, max(0.2, settings.idle / 4)))


def _write_runtime(path: Path, address: Address, key: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump({"base_url": address.base_url, "api_key": key, "pid": address.pid}, file)
    os.replace(part, path)  # noqa: PTH105 - atomic


def _remove_runtime(path: Path) -> None:
    with contextlib.suppress(OSError, ValueError):
        if json.loads(path.read_text("utf-8")).get("pid") == os.getpid():
            path.unlink()


def announce(address: Address) -> None:
    """Tell the parent process, in one line on stdout, that the server listens; stdout is not used afterwards."""
    line = json.dumps({"base_url": address.base_url, "object_url": address.object_url, "pid": address.pid})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
