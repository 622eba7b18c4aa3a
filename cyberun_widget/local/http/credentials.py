"""Tokens: the three kinds the API accepts, and the one it refuses. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from typing import Final

from cyberun_widget.local.state.ids import named_uuid

_KEY: Final = re.compile(r"sk-[\x21-\x7e]{5,}")


class Refused(Exception):  # noqa: N818 - an answer, not a program error
    """A refused request. `status`: the HTTP status of the answer; `code`: its machine-readable reason."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Credentials:
    """The tokens of the server's only team, all derived from the integration key, so they survive a restart."""

    integration_key: str = field(repr=False)  # sk-...
    device_key: str = field(repr=False)  # dk-...
    user_token: str = field(repr=False)  # a JWT, eyJ...
    team_id: str

    @classmethod
    def from_key(cls, key: str) -> Credentials:
        """Derive the team's other tokens. Raises ValueError for a key that isn't an integration key."""
        if not _KEY.fullmatch(key):
            raise ValueError(
                "The local server's key must start with sk-, followed by at least five printable characters."
            )
        team = named_uuid("team:" + hashlib.sha256(key.encode()).hexdigest())
        head = _b64(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        body = _b64(json.dumps({"sub": "local", "team": team}).encode())
        seal = _b64(hmac.digest(key.encode(), f"{head}.{body}".encode(), "sha256"))
        device = "dk-" + hmac.digest(key.encode(), b"device", "sha256").hex()[:32]
        return cls(key, device, f"{head}.{body}.{seal}", team)

    def check(self, authorization: str | None, team_id: str | None) -> None:
        """Accept a request by its `Authorization` and `X-Team-ID` headers. Raises Refused."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Refused(401, "unauthorized", "No key was sent. Send it as 'Authorization: Bearer sk-...'.")
        if token.startswith("ak-"):
            raise Refused(
                403,
                "agent_key",
                "This is an agent key (ak-...): it can neither read tasks nor submit them. Create an integration key "
                "(sk-...) under Access.",
            )
        if any(hmac.compare_digest(token.encode(), good.encode()) for good in (self.integration_key, self.device_key)):
            return
        if hmac.compare_digest(token.encode(), self.user_token.encode()):
            if not team_id:
                raise Refused(400, "team_required", "A user token needs the header X-Team-ID with the team's id.")
            if team_id.strip().lower() != self.team_id:
                raise Refused(403, "wrong_team", "This user is not a member of the team that X-Team-ID names.")
            return
        raise Refused(
            401, "unauthorized", "This key is not known here. The local server makes a new one at each start."
        )


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
