"""What a frame of the designer costs while one drags a module and pans, at 300, 1,000 and 10,000 nodes, and
how soon a draft and the data of a port are on the screen.

Run it alone: `.venv/bin/python tests/benchmarks/designer_frames.py [nodes ...]`. The graph is pasted
into a draft that is offline, so the numbers are the browser's alone. Two numbers a gesture: the time
between frames, which other work on the machine lengthens, and the main thread's own CPU a step.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from playwright.sync_api import Browser, Page, sync_playwright

from tests import isolation  # noqa: F401  sets the home before Django's settings are read
from tests.browser.canvas import Canvas, graph, open_canvas, seed
from tests.browser.panel import COMPARED, dock, run_to_end
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.running import Studio, start_studio

STEPS = 80
SIZES = (300, 1000, 10_000)
# p95 between frames in ms, dragging and panning; for 10,000 nodes the numbers are given, without a budget.
BUDGET = {300: 20.0, 1000: 33.0}
PASTE = """text => {
  const data = new DataTransfer();
  data.setData('text/plain', text);
  const init = {clipboardData: data, bubbles: true, cancelable: true};
  document.body.dispatchEvent(new ClipboardEvent('paste', init));
}"""
WATCH = """() => {
  window.frames_ = [];
  let last = performance.now();
  const tick = now => { window.frames_.push(now - last); last = now; window.ticking_ = requestAnimationFrame(tick); };
  window.ticking_ = requestAnimationFrame(tick);
}"""
# A place of bare canvas, with room to pan to the right.
BARE = """() => {
  const {left, top, width, height} = document.querySelector('.d-flow').getBoundingClientRect();
  for (let y = top + 60; y < top + height - 60; y += 4)
    for (let x = left + 30; x < left + width - 280; x += 4)
      if (document.elementFromPoint(x, y)?.classList.contains('react-flow__pane')) return [x, y];
}"""
STOP = "() => { cancelAnimationFrame(window.ticking_); return window.frames_.slice(2); }"


OPENED = """() => {
  window.opened_ = {};
  const look = () => {
    const found = {drawn: '.d-node', editable: '.d-saved[data-saved=yes]'};
    for (const [name, selector] of Object.entries(found))
      if (!(name in window.opened_) && document.querySelector(selector)) window.opened_[name] = performance.now();
    if (Object.keys(window.opened_).length < 2) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def large(count: int) -> dict[str, Any]:
    """Return a grid of modules of two inputs, each fed by two of the row above."""
    across = max(4, round(count**0.5 / 2))
    nodes = [
        {
            "id": f"join_data_{n}", "component": "join_data", "version": "1", "params": {},
            "position": {"x": n % across * 280, "y": n // across * 128},
        }
        for n in range(count)
    ]  # fmt: skip
    edges = []
    for n in range(across, count):
        for port, source in (("dataset1", n - across), ("dataset2", max(0, n - across - 1))):
            ends = {"source": f"join_data_{source}", "sourceHandle": "results"}
            edges.append({**ends, "target": f"join_data_{n}", "targetHandle": port})
    return {"schema": 1, "nodes": nodes, "edges": edges}


def main_thread(browser: Browser) -> dict[int, float]:
    """Return the CPU ms that each renderer's main thread has spent, by process."""
    infos = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    spent = {}
    for pid in (int(info["id"]) for info in infos if info["type"] == "renderer"):
        with contextlib.suppress(OSError):
            spent[pid] = int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e6
    return spent


def worked(browser: Browser, before: dict[int, float]) -> float:
    """Return the CPU ms of the main thread that worked most since then."""
    return max(now - before.get(pid, now) for pid, now in main_thread(browser).items())


def measured(page: Page, browser: Browser, gesture: Any) -> tuple[list[float], float]:
    """Return the times between frames during a gesture and the main thread's CPU ms a step."""
    page.evaluate(WATCH)
    before = main_thread(browser)
    gesture()
    spent = worked(browser, before) / STEPS
    return page.evaluate(STOP), spent


def drag_across(page: Page, x: float, y: float) -> None:
    page.mouse.move(x, y)
    page.mouse.down()
    for n in range(STEPS):
        page.mouse.move(x + n * 3, y + (n % 20) * 2)
        page.wait_for_timeout(8)
    page.mouse.up()


def look(canvas: Canvas, browser: Browser, count: int) -> dict[str, tuple[float, float, float]]:
    """Paste so many nodes, then drag one and pan; return median, p95, CPU by gesture."""
    page = canvas.page
    page.context.set_offline(True)
    page.locator(".d-flow").wait_for()
    page.evaluate(PASTE, json.dumps(large(count)))
    page.locator(".d-minimap").wait_for(timeout=60_000)
    page.wait_for_timeout(3000)
    page.keyboard.press("Escape")
    page.keyboard.press("0")
    page.locator(".d-node").first.wait_for()
    page.wait_for_timeout(800)
    boxes = [each.bounding_box() for each in page.locator(".d-node").all()[:60]]
    area = page.locator(".d-flow").bounding_box()
    assert area
    inside = [
        box for box in boxes
        if box and area["x"] + 80 < box["x"] < area["x"] + 320 and area["y"] + 80 < box["y"] < area["y"] + 320
    ]  # fmt: skip
    box = inside[0]
    x, y = box["x"] + 90, box["y"] + 26
    found = {}
    gestures = {
        "drag": lambda: drag_across(page, x, y),
        "pan": lambda: drag_across(page, *page.evaluate(BARE)),
    }
    for name, gesture in gestures.items():
        frames, spent = measured(page, browser, gesture)
        frames.sort()
        found[name] = (
            statistics.median(frames),
            frames[min(len(frames) - 1, round(len(frames) * 0.95))],
            spent,
        )
        page.wait_for_timeout(500)
    return found


def opening(studio: Studio, browser: Browser) -> str:
    """Open a draft of 50 modules five times; say when they were drawn and when they could be edited."""
    seeded = seed(studio, graph=large(50), title="50")
    canvas = open_canvas(browser, studio, *seeded)
    canvas.page.add_init_script(f"({OPENED})()")
    times: dict[str, list[float]] = {"drawn": [], "editable": []}
    for _ in range(5):
        canvas.page.reload()
        # The page's policy allows no script from a string, which wait_for_function would be.
        while canvas.page.evaluate("Object.keys(window.opened_ ?? {}).length") < 2:
            canvas.page.wait_for_timeout(20)
        for name, at in canvas.page.evaluate("window.opened_").items():
            times[name].append(at)
    canvas.page.context.close()
    return ", ".join(
        f"{name} after {statistics.median(all_):.0f} ms" for name, all_ in times.items()
    )


def previewing(studio: Studio, browser: Browser) -> str:
    """Click a step that gave 2,000 x 500 five times, each in a fresh page; say when its rows were there."""
    guid, session = seed(studio, graph=COMPARED, title="Previewed")
    assert run_to_end(studio, guid)["run"]["status"] == "Completed"
    times, spent = [], []
    for _ in range(5):
        canvas = open_canvas(browser, studio, guid, session)
        canvas.page.locator(".d-node.is-completed").first.wait_for()
        before, begun = main_thread(browser), time.perf_counter()
        canvas.select("script")
        dock(canvas).get_by_text("2,000 × 500").wait_for()
        dock(canvas).get_by_role("gridcell").first.wait_for()
        times.append((time.perf_counter() - begun) * 1000)
        spent.append(worked(browser, before))
        canvas.page.context.close()
    return (
        f"{statistics.median(times):.0f} ms, {statistics.median(spent):.0f} ms of it the page's CPU"
    )


def run(studio: Studio, sizes: list[int]) -> bool:
    """Measure all sizes, print a table, and say whether all are within the budget."""
    fine = True
    print(f"{'nodes':>7} {'gesture':8} {'median ms':>10} {'p95 ms':>8} {'CPU ms/step':>12}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        print(f"open 50 nodes: {opening(studio, browser)} (budget 1,500 ms)")
        print(f"preview 2,000 x 500: {previewing(studio, browser)} (budget 1,000 ms)")
        for count in sizes:
            canvas = open_canvas(browser, studio, *seed(studio, graph=graph([]), title=f"{count}"))
            for name, (middle, p95, spent) in look(canvas, browser, count).items():
                within = p95 <= BUDGET.get(count, p95)
                fine &= within
                mark = "" if within else "  over the budget"
                print(f"{count:>7,} {name:8} {middle:10.1f} {p95:8.1f} {spent:12.1f}{mark}")
            canvas.page.context.close()
        browser.close()
    return fine


if __name__ == "__main__":
    asked = [int(each) for each in sys.argv[1:]] or list(SIZES)
    with start_studio("frames") as made:
        sys.exit(0 if run(made, asked) else 1)
