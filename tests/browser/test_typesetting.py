"""Dollar signs stay unchanged: the host's typesetter ignores a card's outputs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nbconvert
import pytest
from hosts import export
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import App, Console, Lab, Notebook

PRICE = "costs $5 and then $6"
LINK = r"$\href{https://elsewhere.example}{click}$"
CELL = f"""
from IPython.display import HTML, display
from cyberun_widget.client.listing import TaskList
from cyberun_widget.protocol.models import Task
from cyberun_widget.render.static_card import bundle

words = {PRICE + " " + LINK!r}
display(HTML("<p>$x^2$</p>"))
facts = {{"title": words, "cause": words, "details": words, "gpu": words}}
artifact = {{"key": "1", "name": words, "kind": "file", "state": "failed", "error": words, "group": words}}
for status in ("failed", "running"):
    display(bundle({{"status": status, "error": words, "artifacts": [artifact], "_facts": facts}}), raw=True)
display(TaskList([Task("1", words, workflow_name=words)], None))
"""


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_jupyterlab_and_notebook_7_show_a_servers_dollars_as_they_are(
    notebook: Callable[..., Notebook], console: Console, app: App
) -> None:
    console.allow(r"^403 GET .*\.woff$")  # Notebook 7 doesn't serve MathJax's fonts
    opened = notebook(CELL, app=app)
    opened.run(0)
    output = opened.output(0)
    expect(output.locator("mjx-container")).to_have_count(1)  # a real formula: the typesetter has run
    expect(output.locator("p mjx-container")).to_be_visible()
    for ours in (".cyberun-archive[data-status=failed]", ".cyberun-archive[data-status=unfinished]", "table >> nth=-1"):
        expect(output.locator(ours)).to_contain_text(f"{PRICE} {LINK}")
    expect(output.get_by_role("link")).to_have_count(0)


def test_exported_html_marks_our_outputs_for_the_typesetter_that_it_loads(lab: Lab, tmp_path: Path) -> None:
    """MathJax comes from a CDN, so it can't run here: version 2 skips the class `tex2jax_ignore`."""
    html = export(lab, lab.write_notebook("dollars.ipynb", CELL), execute=True, page=tmp_path / "page.html").read_text()
    assert re.search(r"/mathjax/2\.7\.\d+/", html), nbconvert.__version__
    outputs = re.findall(r'<(?:div|table)[^>]*class="[^"]*tex2jax_ignore[^"]*"', html)
    assert len(outputs) == 3
