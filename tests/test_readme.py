"""The README is true: its snippets, names, numbers, commands, links and quoted texts."""

from __future__ import annotations

import ast
import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

import cyberun_widget
from cyberun_widget import Artifact, Client, FollowPolicy, TaskGroup, TaskResult, TaskWidget, WorkflowForm
from cyberun_widget.api.settings import Settings
from cyberun_widget.artifacts.model import Artifacts
from cyberun_widget.cli import main as cli

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text("utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))

NAMED = {
    "client": Client,
    "task": TaskWidget,
    "result": TaskResult,
    "artifact": Artifact,
    "artifacts": Artifacts,
    "form": WorkflowForm,
    "group": TaskGroup,
}
"""The types of the snippets' variables."""


def attributes(code: str) -> list[tuple[str, str]]:
    """Every `variable.attribute` of a snippet, and every `….artifacts.attribute`."""
    found = []
    for node in ast.walk(ast.parse(code, mode="exec")):
        match node:
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=name):
                found.append((owner, name))
    return found


@pytest.mark.parametrize("code", SNIPPETS, ids=lambda code: code.splitlines()[0][:40])
def test_a_snippet_is_python_and_uses_what_is_there(code):
    compile(code, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for owner, name in attributes(code):
        if owner in NAMED:
            assert hasattr(NAMED[owner], name), f"{owner}.{name}"
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            assert node.module == "cyberun_widget"
            assert {one.name for one in node.names} <= set(cyberun_widget.__all__)


def test_the_use_with_a_key_takes_about_ten_lines():
    lines = [line for line in SNIPPETS[0].splitlines() if line.strip()]
    assert len(lines) <= 10


def test_the_two_commands_are_there_and_are_targets_of_the_makefile():
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    assert {"make demo", "make test"} <= set(SHELL.splitlines())
    for target in re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    assert "make test" in (PROJECT / ".ci" / "run").read_text("utf-8")


def test_make_help_lists_what_the_readme_names():
    told = subprocess.run(["make", "help"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for target in ("demo", "test", "check", "bench", "screenshots"):
        assert f"make {target} " in told


def test_the_policy_table_gives_the_defaults():
    rows = dict(re.findall(r"^\| (`[a-z_`, ]+`) \| ([^|]+) \|", section("How a task is followed"), re.MULTILINE))
    told = {}
    for names, values in rows.items():
        told.update(zip(re.findall(r"`(\w+)`", names), values.strip().split(", "), strict=True))
    default = FollowPolicy()
    assert set(told) == {item.name for item in fields(FollowPolicy)}
    for name, value in told.items():
        actual = getattr(default, name)
        shown = "none" if actual is None else str(actual) if isinstance(actual, int) else f"{actual:g} s"
        assert value == shown, name


def test_the_variables_are_those_that_are_read():
    for variables, expected in [
        ({"CYBERUN_API_KEY": "sk-first", "CYBERUN_KEY": "sk-second"}, "sk-first"),
        ({"CYBERUN_KEY": "sk-second"}, "sk-second"),
    ]:
        settings = Settings.resolve(environ={**variables, "CYBERUN_BASE_URL": "https://own.example/api/v1"})
        assert settings.key.reveal() == expected
        assert settings.base_url == "https://own.example/api/v1"
    for variable in ("CYBERUN_API_KEY", "CYBERUN_KEY", "CYBERUN_BASE_URL", "CYBERUN_TEAM_ID"):
        assert f"`{variable}`" in README


def test_the_exit_codes_are_those_of_the_command():
    for code, words in [
        (cli.COMPLETED, "completed"),
        (cli.FAILED, "failed"),
        (cli.CANCELLED, "cancelled"),
        (cli.TROUBLE, "it can't be watched"),
        (cli.USAGE, "invalid command line"),
        (cli.INTERRUPTED, "Ctrl-C"),
    ]:
        assert f"{code} {words}" in section("The command line")


def test_the_words_in_the_table_of_symptoms_are_our_own():
    """A user searches the README for the words they see, so both have to be the same."""
    sources = [*(PROJECT / "cyberun_widget").rglob("*.py")]
    sources += (PROJECT / "cyberun_widget" / "frontend" / "src").rglob("*.[jt]s")
    sources.append(PROJECT / "cyberun_widget" / "support" / "words.json")
    said = (
        " ".join(" ".join(path.read_text("utf-8").split()) for path in sources).replace('" "', "").replace('" + "', "")
    )
    symptoms = [row.split("|")[1] for row in section("When something fails").splitlines() if row.startswith("|")]
    quoted = [words for symptom in symptoms for words in re.findall(r'"([^"]+)"', symptom)]
    assert len(quoted) >= 12
    for words in quoted:
        if words == "Error displaying widget":
            continue  # JupyterLab's
        for part in re.split(r"…|\.\.\.|\d+|\(|\)", words):
            assert part.strip(' ."') in said, part


def test_links_and_pictures_inside_the_repository_lead_somewhere():
    inside = re.findall(r"\]\((?!https?://)([^)#]+)\)|(?:src|srcset)=\"(?!https?://)([^\"]+)\"", README)
    places = {first or second for first, second in inside}
    assert any(place.endswith((".png", ".webp")) for place in places), "the README has no picture of the card"
    for place in places:
        assert (PROJECT / place).exists(), place


def test_the_changelog_keeps_a_changelog():
    text = (PROJECT / "CHANGELOG.md").read_text("utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= {
        "Added",
        "Changed",
        "Deprecated",
        "Removed",
        "Fixed",
        "Security",
    }


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    found = re.search(
        rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)",
        re.sub(r"```sh.*?```", "", README, flags=re.DOTALL),
        re.MULTILINE | re.DOTALL,
    )
    assert found, title
    return found[1]
