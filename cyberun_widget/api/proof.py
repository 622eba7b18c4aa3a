"""The proof of a local server: every new connection proves that it reaches the right process before it is used.

Ports aren't reserved: once a server has died, any program of any user on the machine may listen on its port. So a
client of `Client.local()` sends neither key nor file over a connection that hasn't answered its challenge.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from cyberun_widget.errors import NetworkError

if TYPE_CHECKING:
    from cyberun_widget.support.secrets import Secret

_PATIENCE: Final = 5.0  # seconds
_ANSWER_MAX: Final = 4096  # bytes


class _Connection(Protocol):
    """httpcore's network stream."""

    async def read(self, max_bytes: int) -> bytes: ...

    async def write(self, buffer: bytes) -> None: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ServerProof:
    """The challenge to the server at `base_url`. `secret`: known only to that server and its user, in hexadecimal."""

    secret: Secret
    base_url: str

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        """Challenge a connection as soon as it is open. A trace hook for httpcore.

        If the proof is wrong or missing, closes the connection, sends nothing else, and raises NetworkError.
        """
        if event != "connection.connect_tcp.complete":
            return
        connection: _Connection = info["return_value"]
        nonce = secrets.token_hex(32)
        try:
            async with asyncio.timeout(_PATIENCE):
                proven = hmac.compare_digest(await self._ask(connection, nonce), self._expected(nonce))
        except (TimeoutError, ValueError):
            proven = False
        except BaseException:
            await connection.aclose()
            raise
        if not proven:
            await connection.aclose()
            raise NetworkError(
                f"What answers at {urlsplit(self.base_url).netloc} isn't the local server this client was made for: "
                "that one has ended, and something else has taken its port. Nothing was sent to it. Client.local() "
                "starts a new server.",
                sent=False,
            )

    def _expected(self, nonce: str) -> bytes:
        message = f"{self.base_url}\n{nonce}".encode()
        return hmac.digest(bytes.fromhex(self.secret.reveal()), message, "sha256").hex().encode()

    async def _ask(self, connection: _Connection, nonce: str) -> bytes:
        """Return the other side's answer to the nonce. Raises ValueError for a malformed answer."""
        url = urlsplit(f"{self.base_url}/proof?nonce={nonce}")
        await connection.write(f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
        answer = b""
        while len(answer) < _ANSWER_MAX:
            piece = await connection.read(_ANSWER_MAX)
            answer += piece
            head, ended, body = answer.partition(b"\r\n\r\n")
            if ended and len(body) >= _length(head):
                return _proof(body)
            if not piece:
                break
        raise ValueError("no whole answer")


def _length(head: bytes) -> int:
    """Return the body length of a successful answer."""
    status, *lines = head.split(b"\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    if status.split(b" ")[1:2] != [b"200"]:
        raise ValueError("refused")
    return int(headers.get(b"content-length", b""))


def _proof(body: bytes) -> bytes:
    data = json.loads(body)
    proof = data.get("proof") if isinstance(data, dict) else None
    if not isinstance(proof, str):
        raise ValueError("no proof")  # noqa: TRY004 - bad data, not a wrong argument type
    return proof.encode("ascii", "replace")
