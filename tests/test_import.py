"""Importing the package has no side effects and loads almost nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROBE = """
import asyncio, logging, sys, threading, warnings

def patched():
    base = asyncio.BaseEventLoop
    names = [asyncio.run, asyncio.get_event_loop, asyncio.new_event_loop, asyncio.events._get_running_loop]
    names += [asyncio.Task, asyncio.Future, asyncio.Queue, base.run_forever, base.run_until_complete, base._run_once]
    return [*names, logging.getLoggerClass(), threading.Thread.start, sys.excepthook]

before, hooks = patched(), (sys.displayhook, sys.unraisablehook, warnings.showwarning, list(logging.root.handlers))
import cyberun_widget
assert patched() == before and all(a is b for a, b in zip(patched(), before)), "asyncio is patched"
assert hooks == (sys.displayhook, sys.unraisablehook, warnings.showwarning, list(logging.root.handlers)), "hooks"
assert not hasattr(asyncio, "_nest_patched") and "nest_asyncio2" not in sys.modules, "nest_asyncio2"
assert threading.enumerate() == [threading.main_thread()], threading.enumerate()
for heavy in ("ipykernel", "uvicorn", "starlette", "numpy", "pandas", "cyberun_widget.local"):
    assert heavy not in sys.modules, heavy
asyncio.get_event_loop_policy()
print("untouched")
"""

CHILDREN = """
import psutil
import cyberun_widget
me = psutil.Process()
print(len(me.children(recursive=True)), len(me.net_connections()))
"""


FIRST_USE = """
import sys
import cyberun_widget
loaded = sorted(name for name in sys.modules if name.startswith("cyberun_widget."))
assert not loaded, loaded
cyberun_widget.TaskWidget, cyberun_widget.Client
for late in ("PIL", "filelock", "cyberun_widget.group.widget", "cyberun_widget.form.widget"):
    assert late not in sys.modules, late
print("late")
"""


def run(code: str) -> str:
    """Return the output of a new Python process in which warnings are errors."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CYBERUN_")}
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_patches_nothing_and_starts_no_thread():
    assert run(PROBE) == "untouched"


def test_what_a_card_does_not_need_is_imported_when_it_is_used():
    assert run(FIRST_USE) == "late"


def test_importing_starts_no_server_and_opens_no_connection():
    assert run(CHILDREN) == "0 0"


def test_every_public_name_is_there_and_documented():
    import cyberun_widget  # noqa: PLC0415 - the other tests look at fresh processes

    for name in cyberun_widget.__all__:
        assert getattr(cyberun_widget, name).__doc__, name


def test_a_name_that_is_not_there_is_an_attribute_error_and_all_that_are_there_are_listed():
    import cyberun_widget  # noqa: PLC0415 - see above

    assert set(cyberun_widget.__all__) <= set(dir(cyberun_widget))
    with pytest.raises(AttributeError, match="no attribute 'Cleint'"):
        cyberun_widget.Cleint  # noqa: B018 - the look-up is what is tested
