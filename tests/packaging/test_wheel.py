"""The wheel contains everything that the package needs at run time, its licences, and nothing else."""

from __future__ import annotations

import email
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from email.message import Message

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(PROJECT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return email.message_from_bytes(wheel.read(name))


def test_its_metadata_names_every_licence_and_each_is_in_it(wheel, metadata):
    assert metadata["License-Expression"] == "BSD-3-Clause AND MIT"
    names = metadata.get_all("License-File")
    assert names == ["LICENSE", "LICENSE-FRONTEND"]
    folder = next(name for name in wheel.namelist() if ".dist-info/licenses/" in name).split("/")[0]
    texts = [wheel.read(f"{folder}/licenses/{name}").decode() for name in names]
    assert texts[0] == (PROJECT / "LICENSE").read_text(encoding="utf-8")
    built = wheel.read("cyberun_widget/static/THIRD_PARTY.txt").decode()
    assert texts[1] == built, "what is bundled has changed: cp cyberun_widget/static/THIRD_PARTY.txt LICENSE-FRONTEND"
    for part in ("three", "@sparkjsdev/spark", "fflate", "meshoptimizer"):
        assert part in built


def test_it_holds_the_package_its_pages_and_its_notebooks_but_no_sources_of_them(wheel):
    names = set(wheel.namelist())
    for needed in ("py.typed", "local/runtimes/splat/pipeline.py", "static/card.js", "notebooks/quickstart.ipynb"):
        assert f"cyberun_widget/{needed}" in names
    assert {f"cyberun_widget/notebooks/{path.name}" for path in (PROJECT / "notebooks").glob("*.ipynb")} <= names
    strange = [name for name in names if "node_modules" in name or name.startswith(("tests/", "binder/"))]
    assert strange == []
    assert not any(name.startswith("cyberun_widget/frontend/") for name in names)
    modules = {path.relative_to(PROJECT).as_posix() for path in (PROJECT / "cyberun_widget").rglob("*.py")}
    shipped = {name for name in names if name.endswith(".py")}
    assert shipped == {name for name in modules if not name.startswith("cyberun_widget/frontend/")}


def test_it_works_from_the_wheel_alone(wheel, tmp_path):
    """Imported from the unpacked wheel, in a process that doesn't see the checkout."""
    wheel.extractall(tmp_path)
    code = (
        "import cyberun_widget, cyberun_widget.local as local, pathlib\n"
        "assert pathlib.Path(cyberun_widget.__file__).is_relative_to(pathlib.Path.cwd()), cyberun_widget.__file__\n"
        "cyberun_widget.TaskWidget, cyberun_widget.Client\n"
        "with local.LocalServer.start(speed=50) as server:\n"
        "    client = cyberun_widget.Client(server.api_key, base_url=server.base_url)\n"
        "    print(len(client.workflows()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 4
    shutil.rmtree(tmp_path)
