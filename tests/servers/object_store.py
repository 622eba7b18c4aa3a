"""An object store on loopback that misbehaves on demand: real HTTP/1.1 over real sockets, written by hand.

Links look presigned. Only those with the current token are accepted; a request with a bearer token never is.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class Blob:
    """One object and how it is served. Each request consumes the first item of each list."""

    data: bytes
    mime: str = "application/octet-stream"
    etag: str | None = "auto"
    cut: list[int] = field(default_factory=list)  # close the connection after this many bytes of the body
    statuses: list[int] = field(default_factory=list)  # statuses of the first responses
    ranges: bool = True  # supports Range
    length: int | None = None  # a false Content-Length to send
    sized: bool = True  # sends a Content-Length; chunked otherwise
    gzipped: bool = False  # sends Content-Encoding: gzip, requested or not
    redirect: str = ""  # redirects the client to this URL
    disposition: str = ""
    piece: int = 65536  # bytes per write
    pause: float = 0.0  # seconds between pieces
    wrong_offset: int = 0  # bytes by which a 206 is shifted
    gate: threading.Event | None = None  # must be set before the body is sent


@dataclass
class Request:
    """A client's request."""

    path: str
    headers: dict[str, str]
    status: int = 0
    sent: int = 0


class ObjectStore:
    """A running store. `requests`: all requests; `most_at_once`: the most bodies sent at the same time."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.blobs: dict[str, Blob] = {}
        self.requests: list[Request] = []
        self.token = "first"
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        self._socket = socket.create_server((host, 0))
        self.port = self._socket.getsockname()[1]
        self.origin = f"http://{host}:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def put(self, path: str, data: bytes, **how) -> Blob:
        blob = self.blobs[f"/{path}"] = Blob(data, **how)
        return blob

    def url(self, path: str) -> str:
        return f"{self.origin}/{path}?X-Amz-Expires=3600&X-Amz-Signature={self.token}"

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == f"/{path}"]

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            buffer = b""
            while True:
                while b"\r\n\r\n" not in buffer:
                    data = connection.recv(65536)
                    if not data:
                        return
                    buffer += data
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
                if not self._answer(connection, lines[0].split(" ")[1], headers):
                    return

    def _answer(self, connection: socket.socket, target: str, headers: dict[str, str]) -> bool:
        path, _, query = target.partition("?")
        request = Request(path, headers)
        self.requests.append(request)
        blob = self.blobs.get(path)
        status = 404 if blob is None else 200
        if f"X-Amz-Signature={self.token}" not in query:
            status = 403
        elif "authorization" in headers:
            status = 400
        elif blob and blob.statuses:
            status = blob.statuses.pop(0)
        elif blob and blob.redirect:
            request.status = 302
            connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {blob.redirect}\r\nContent-Length: 0\r\n\r\n".encode())
            return True
        request.status = status
        if status != 200:
            body = b"<Error><Code>SlowDown</Code></Error>"
            connection.sendall(f"HTTP/1.1 {status} No\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            return True
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            return self._send(connection, blob, headers, request)
        finally:
            with self._lock:
                self._now -= 1

    def _send(self, connection: socket.socket, blob: Blob, headers: dict[str, str], request: Request) -> bool:
        data, start, lines = blob.data, 0, [f"Content-Type: {blob.mime}"]
        etag = f'"{hashlib.md5(data).hexdigest()}"' if blob.etag == "auto" else blob.etag
        if etag:
            lines.append(f"ETag: {etag}")
        if blob.disposition:
            lines.append(f"Content-Disposition: {blob.disposition}")
        span = re.match(r"bytes=(\d+)-$", headers.get("range", ""))
        if span and blob.ranges and headers.get("if-range", etag) == etag:
            start = int(span[1])
            if start >= len(data):
                request.status = 416
                connection.sendall(
                    f"HTTP/1.1 416 No\r\nContent-Range: bytes */{len(data)}\r\nContent-Length: 0\r\n\r\n".encode()
                )
                return True
            request.status = 206
            start = max(start + blob.wrong_offset, 0)
            lines.append(f"Content-Range: bytes {start}-{len(data) - 1}/{len(data)}")
        body = gzip.compress(data) if blob.gzipped else data[start:]
        if blob.gzipped:
            lines.append("Content-Encoding: gzip")
        if blob.sized:
            lines.append(f"Content-Length: {len(body) if blob.length is None else blob.length}")
        else:
            lines.append("Transfer-Encoding: chunked")
        connection.sendall(f"HTTP/1.1 {request.status} OK\r\n".encode() + "\r\n".join(lines).encode() + b"\r\n\r\n")
        if blob.gate is not None:
            blob.gate.wait(20)
        return self._body(connection, blob, body, request)

    def _body(self, connection: socket.socket, blob: Blob, body: bytes, request: Request) -> bool:
        end = min(blob.cut.pop(0), len(body)) if blob.cut else len(body)
        for at in range(0, end, blob.piece):
            piece = body[at : min(at + blob.piece, end)]
            connection.sendall(piece if blob.sized else b"%x\r\n%s\r\n" % (len(piece), piece))
            request.sent += len(piece)
            if blob.pause:
                time.sleep(blob.pause)
        if not blob.sized and end == len(body):
            connection.sendall(b"0\r\n\r\n")
        return end == len(body) and (blob.length is None or blob.length == len(body))
