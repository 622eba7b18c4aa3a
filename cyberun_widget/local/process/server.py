"""The running server: two origins on one event loop, from opening the sockets to a clean shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
import os
import secrets
import signal
import socket
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from cyberun_widget.local.http.app import Api, create_app
from cyberun_widget.local.http.connections import ConnectionLimits, GuardedProtocol
from cyberun_widget.local.http.credentials import Credentials
from cyberun_widget.local.http.guards import Proof
from cyberun_widget.local.http.object_store import Objects, create_object_app
from cyberun_widget.local.http.signing import Signer
from cyberun_widget.local.state.event_hub import EventHub
from cyberun_widget.local.state.store import Store
from cyberun_widget.local.work.dispatcher import Dispatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cyberun_widget.local.process.settings import ServerSettings

_LOG: Final = logging.getLogger("cyberun_widget.local")
_HOST: Final = "127.0.0.1"
_ACCEPTS: Final = 16  # connections asyncio accepts at once: more could exhaust the descriptors
_QUEUE: Final = 1024  # connections waiting in the kernel's backlog
_SPARE_FILES: Final = 256  # descriptors reserved for workers, files and connections being closed
_CONNECTIONS_MAX: Final = 2000
_DAY: Final = 86_400.0
_KEPT_DAYS: Final = {"inputs/": 1, "outputs/": 7}  # as on the service
_SWEEP: Final = 3600.0  # seconds between cleanups of old files


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens, and the secret it proves its identity with, in hexadecimal."""

    base_url: str
    object_url: str
    pid: int
    proof_secret: str = field(repr=False)


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: two instances share this process, which has its own handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(settings: ServerSettings, on_ready: Callable[[Address], None]) -> None:
    """Run until a signal, the end of stdin or the idle limit. `on_ready` is called once both origins listen.

    Raises OSError if a port is taken or the folder can't be used, ValueError for an invalid key.
    """
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(_listen(port)) for port in (settings.port, settings.object_port)]
        folder = settings.state_dir
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cyberun-local-")))
        store = Store(folder)
        stack.callback(store.close)
        asyncio.run(_main(settings, store, sockets, on_ready))


async def _main(
    settings: ServerSettings, store: Store, sockets: list[socket.socket], on_ready: Callable[[Address], None]
) -> None:
    api_origin, object_origin = (f"http://{_HOST}:{item.getsockname()[1]}" for item in sockets)
    address = Address(f"{api_origin}/api/v1", object_origin, os.getpid(), secrets.token_hex(32))
    hub = EventHub()
    dispatcher = Dispatcher(store, hub, slots=settings.slots, speed=settings.speed, labels=settings.labels)
    api = Api(
        store=store,
        hub=hub,
        dispatcher=dispatcher,
        signer=Signer(object_origin, "cyberun-local", store.secret()),
        credentials=Credentials.from_key(settings.api_key),
        proof=Proof(bytes.fromhex(address.proof_secret), address.base_url),
        url_lifetime=settings.url_lifetime,
        heartbeat=settings.heartbeat,
        last_call=time.time(),
    )
    limits = ConnectionLimits(head_timeout=settings.head_timeout, most=_connections())
    apps = (create_app(api), create_object_app(Objects(store, api.signer)))
    servers = [_Server(_config(app, limits)) for app in apps]
    stop = asyncio.Event()
    _on_signals(stop)
    if settings.lifeline:
        _on_stdin_end(stop)
    runs = [asyncio.create_task(item.serve([sock])) for item, sock in zip(servers, sockets, strict=True)]
    dispatcher.start()
    keeper = asyncio.create_task(_keep(settings, api, stop))
    # uvicorn has no event for this.
    while not all(item.started for item in servers) and not any(run.done() for run in runs):  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    for sock in sockets:
        sock.listen(_QUEUE)  # asyncio has set it to the number it accepts at once
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
        await dispatcher.close()
        for item in servers:
            item.should_exit = True
        await asyncio.gather(*runs, return_exceptions=True)


def _config(app: Any, limits: ConnectionLimits) -> uvicorn.Config:
    protocol: Any = functools.partial(GuardedProtocol, limits=limits)
    return uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", server_header=False, timeout_graceful_shutdown=2,
        timeout_keep_alive=30, ws="none", http=protocol, loop="asyncio", backlog=_ACCEPTS,
    )  # fmt: skip


def _connections() -> int:
    """Return how many connections may be open at once, given this process's limit on descriptors."""
    if sys.platform == "win32":
        return 400
    import resource  # noqa: PLC0415 - POSIX only

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _CONNECTIONS_MAX if soft == resource.RLIM_INFINITY else max(64, min(_CONNECTIONS_MAX, soft - _SPARE_FILES))


def _listen(port: int) -> socket.socket:
    # The protocol is given so that asyncio disables Nagle's algorithm, which would delay each answer by 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restarted server can reuse its port at once
        sock.bind((_HOST, port))
        sock.listen(_QUEUE)
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
        with contextlib.suppress(RuntimeError):  # the loop is already closed
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


async def _keep(settings: ServerSettings, api: Api, stop: asyncio.Event) -> None:
    """Remove old files, and stop the server once it has been idle long enough."""
    swept = float("-inf")
    while True:
        now = time.time()
        if now - swept > _SWEEP:
            swept = now
            for prefix, days in _KEPT_DAYS.items():
                api.store.drop_objects(prefix, now - days * _DAY)
        if settings.idle is not None:
            if api.hub.streams or api.dispatcher.busy:
                api.last_call = now
            if now - api.last_call > settings.idle:
                _LOG.info("idle for %.0f s: the local server ends", settings.idle)
                stop.set()
        await asyncio.sleep(15 if settings.idle is None else min(15.0, max(0.2, settings.idle / 4)))


def _write_runtime(path: Path, address: Address, key: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(address) | {"api_key": key}, file)
    os.replace(part, path)  # noqa: PTH105 - atomic


def _remove_runtime(path: Path) -> None:
    with contextlib.suppress(OSError, ValueError):
        if json.loads(path.read_text("utf-8")).get("pid") == os.getpid():
            path.unlink()


def announce(address: Address) -> None:
    """Write the server's address to the parent process, as one line on stdout; stdout is not used afterwards."""
    sys.stdout.write(json.dumps(asdict(address)) + "\n")
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
