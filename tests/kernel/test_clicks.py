"""Clicks from the page reach Python at the right time, without affecting running cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import RealKernel

UNTIL_CLICKED = "end = time.monotonic() + 15\nwhile not clicks and time.monotonic() < end: time.sleep(0.01)\n"


def test_a_click_is_handled_while_a_cell_runs_even_from_a_page_that_knows_no_subshells(kernel: RealKernel) -> None:
    cell = kernel.begin(UNTIL_CLICKED + "print(len(clicks))")
    kernel.click()
    assert kernel.finish(cell).strip() == "1"


def test_a_click_still_arrives_after_the_subshell_it_went_to_was_deleted(kernel: RealKernel) -> None:
    kernel.click()
    kernel.drain()
    kernel.client.control_channel.send(kernel.client.session.msg("list_subshell_request", {}))
    (subshell,) = kernel.client.get_control_msg(timeout=5)["content"]["subshell_id"]
    kernel.client.control_channel.send(kernel.client.session.msg("delete_subshell_request", {"subshell_id": subshell}))
    assert kernel.client.get_control_msg(timeout=5)["content"]["status"] == "ok"
    kernel.click()
    kernel.drain()
    assert kernel.run("print(len(clicks))").strip() == "2"


def test_ipykernel_6_handles_a_click_when_the_cell_ends(kernel6: RealKernel) -> None:
    cell = kernel6.begin("time.sleep(1); print(len(clicks))")
    kernel6.click()
    assert kernel6.finish(cell).strip() == "0"
    assert kernel6.run("print(len(clicks))").strip() == "1"


def test_a_click_runs_no_hooks_of_the_cell_that_is_busy(kernel: RealKernel) -> None:
    # As matplotlib's, which would publish and close the half-drawn figures of that cell.
    kernel.run("hooked = []; get_ipython().events.register('post_execute', lambda: hooked.append(1))")
    # The hooks would run right after the click.
    cell = kernel.begin("hooked.clear()\n" + UNTIL_CLICKED + "time.sleep(0.2); print(len(hooked), len(clicks))")
    kernel.click()
    assert kernel.finish(cell).strip() == "0 1"


def test_messages_sent_from_a_thread_belong_to_the_cell_that_runs(any_kernel: RealKernel) -> None:
    # nbclient, and so nbconvert, papermill and Voila, drops those that belong to another.
    any_kernel.run(
        """
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True).start()
        async def keep_sending():
            while True:
                _kernel.unbound(card.send, {})
                await asyncio.sleep(0.05)
        asyncio.run_coroutine_threadsafe(keep_sending(), loop)
        """.replace("\n        ", "\n")
    )
    any_kernel.drain(0.01)
    any_kernel.seen.clear()
    cell = any_kernel.start("time.sleep(0.5)")
    any_kernel.finish(cell)
    owners = [m["parent_header"].get("msg_id") for m in any_kernel.seen if m["msg_type"] == "comm_msg"]
    assert owners.count(cell) >= 5


def test_a_handler_prints_into_the_cell_that_registered_it(any_kernel: RealKernel) -> None:
    registering = any_kernel.start("handler = _kernel.bound(lambda: print('from the handler'))")
    any_kernel.finish(registering)
    any_kernel.run("threading.Timer(0.3, handler).start()")
    any_kernel.finish(any_kernel.start("time.sleep(0.6)"))
    said = [m for m in [*any_kernel.seen, *any_kernel.drain()] if m["msg_type"] == "stream"]
    assert [m["parent_header"]["msg_id"] for m in said if "from the handler" in m["content"]["text"]] == [registering]


def test_an_archive_is_rewritten_even_while_a_cell_captures_its_output(any_kernel: RealKernel) -> None:
    shown = any_kernel.run("print(_kernel.display_pair({'text/plain': 'live'}, {'text/html': 'old'}))").strip()
    any_kernel.run(
        f"%%capture kept\nt = threading.Thread(target=_kernel.update, args=['{shown}', {{'text/html': 'new'}}])\n"
        "t.start(); t.join()"
    )
    updates = [m["content"] for m in any_kernel.seen if m["msg_type"] == "update_display_data"]
    assert [(u["data"], u["transient"]) for u in updates] == [({"text/html": "new"}, {"display_id": shown})]
    assert any_kernel.run("print(len(kept.outputs))").strip() == "0"


def test_a_kernel_with_threads_that_still_send_shuts_down_silently(any_kernel: RealKernel) -> None:
    any_kernel.run(
        "def chatter():\n"
        "    while True:\n"
        "        card.n += 1; card.send({}, buffers=[b'0' * 1000]); time.sleep(0.002)\n"
        "for _ in range(3): threading.Thread(target=chatter, daemon=True).start()\n"
        "time.sleep(0.2)"
    )
    seconds, stderr = any_kernel.stop()
    assert seconds < 4
    assert "Traceback" not in stderr
