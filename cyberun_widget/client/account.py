"""The base of both clients: one account, identified by its key or on the local server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberun_widget.api.calls import Calls
from cyberun_widget.downloads.cache import clear_cache
from cyberun_widget.errors import ConfigurationError
from cyberun_widget.support.secrets import Secret

if TYPE_CHECKING:
    from typing import Self


class Account:
    """One account of one service. The key is held in `_calls` and never shown."""

    def __init__(
        self,
        api_key: str | Secret | None = None,
        *,
        base_url: str | Secret | None = None,
        team_id: str | None = None,
    ) -> None:
        # Rebound at once, so that no traceback has the plain key among its variables.
        api_key = Secret(api_key) if api_key is not None else None
        base_url = Secret(base_url) if base_url is not None else None
        self._calls = Calls.resolve(api_key, base_url, team_id)

    @classmethod
    def _of(cls, calls: Calls) -> Self:
        """Return a client that makes these calls."""
        client = cls.__new__(cls)
        client._calls = calls  # noqa: SLF001 - same class
        return client

    @classmethod
    def local(cls) -> Self:
        """Return a client for the local server on this machine, starting it if it isn't running. Needs no key.

        Raises ConfigurationError if the `local` extra isn't installed, or the server doesn't start.
        """
        from cyberun_widget.local import ensure  # noqa: PLC0415 - needs an extra

        try:
            found = ensure()
        except ImportError as exc:  # its message names the extra
            problem = str(exc)
        except OSError as exc:
            problem = f"The local server could not be started: {exc}"
        else:
            return cls._of(
                Calls.resolve(Secret(found.api_key), Secret(found.base_url), proof_secret=Secret(found.proof_secret))
            )
        raise ConfigurationError(problem)

    @property
    def base_url(self) -> str:
        """The API's base URL."""
        return self._calls.settings.base_url

    def clear_cache(self) -> int:
        """Delete the downloaded artifacts of all tasks from the cache folder. Returns the bytes freed."""
        return clear_cache()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"
