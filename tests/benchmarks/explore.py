"""A table of 1 M rows and 50 columns: what a look at it costs, part by part, and when it is on screen.

    .venv/bin/python tests/benchmarks/explore.py [rows]
    .venv/bin/python tests/benchmarks/explore.py --browser    # from the click, in Chromium, instead

Parts are CPU seconds of a fresh process, imports included where said; pandas beside them reads the
same file once and describes it. The browser's times are wall seconds from the click on Explore.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.running import Studio, start_studio

ROWS = 1_000_000
FIRST_PAINT = 3.0
# What the web process may grow by while the table (400 MB as numbers) is looked at.
WEB_GROWTH = 60 * 2**20
OURS = {
    "footer, types and first 100 rows": "preview.rows_of(table, names, 0, 100)",
    "100 rows from the middle": "preview.rows_of(table, names, table.metadata.num_rows // 2, 100)",
    "statistics of the first 4 columns": "preview.profiles(file, names[:4], {})",
    "statistics of all columns": "preview.profiles(file, names, {})",
    "one number column: quantiles, histogram": "preview.profile_column(file, 'number_1', {})",
    "one text column: top values": "preview.profile_column(file, 'word_6', {})",
    "one id column: distinct": "preview.profile_column(file, 'customer_id', {})",
    "correlations of number columns": "profiling.correlations(file, 'x')",
}
PEERS = {
    "pyarrow: read the file once": "pq.read_table(file)",
    "pandas: read the file once": "pd.read_parquet(file)",
    "pandas: read and describe(include='all')": "pd.read_parquet(file).describe(include='all')",
    "pandas: read and corr()": "pd.read_parquet(file).corr(numeric_only=True)",
}
HEAD = """
import time
from pathlib import Path
{imports}
file = Path({file!r})
{opening}
wall, cpu = time.perf_counter(), time.process_time()
{work}
print(time.process_time() - cpu, time.perf_counter() - wall)
"""
SEED = """
import json
from pathlib import Path
from django.test import Client
from officina.storage import Entry
from registry import services as registry
from studio.workspaces.models import User, Workspace
user, lab = User.objects.first(), Workspace.objects.first()
blob = registry.store().put_file(Path({file!r}))
tree = registry.store().put_manifest({{"data.parquet": Entry(blob.sha256, blob.size)}})
registry.register(workspace=lab, kind="data", name="million", tree=tree, user=user,
    document={{"dataType": "uri_folder", "dataUri": tree.uri}})
client = Client()
client.force_login(user)
print("SEEDED " + client.cookies["sessionid"].value)
"""


def write(file: Path, rows: int) -> None:
    """Write 30 columns of numbers, 10 of counts, 7 of words, an id and 2 of days."""
    draw = np.random.default_rng(0)
    columns: dict[str, object] = {}
    for i in range(30):
        plain = draw.normal(size=rows)
        columns[f"number_{i}"] = plain if i % 3 else np.round(np.exp(plain), 2)
    for i in range(10):
        columns[f"count_{i}"] = draw.integers(0, 10 ** (1 + i % 6), size=rows)
    words = np.array([f"category {i}" for i in range(200)])
    for i in range(7):
        columns[f"word_{i}"] = words[draw.integers(0, 10 + 25 * i, size=rows)]
    columns["customer_id"] = np.char.add("C", np.arange(rows).astype(str))
    for i in range(2):
        days = draw.integers(0, 1_500, size=rows).astype("timedelta64[D]")
        columns[f"day_{i}"] = (np.datetime64("2020-01-01") + days).astype("datetime64[us]")
    pq.write_table(pa.table(columns), file, row_group_size=65_536)


def timed(work: str, file: Path, *, ours: bool) -> tuple[float, float]:
    """Return CPU and wall seconds of one piece of work in a process of its own."""
    imports = (
        "from officina.modules import preview\nfrom officina.data import profiling"
        if ours
        else "import pandas as pd\nimport pyarrow.parquet as pq"
    )
    opening = (
        "table = preview.open_table(file)\nnames = table.schema_arrow.names" if ours else "pass"
    )
    code = HEAD.format(imports=imports, file=str(file), opening=opening, work=work)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    cpu, wall = done.stdout.split()[-2:]
    return float(cpu), float(wall)


def parts(file: Path) -> None:
    """Print what each part costs."""
    print(f"{'CPU s':>8} {'wall s':>8}")
    for ours, table in ((True, OURS), (False, PEERS)):
        for name, work in table.items():
            cpu, wall = timed(work, file, ours=ours)
            print(f"{cpu:8.3f} {wall:8.3f}  {name}")


def memory_of_web(studio: Studio) -> int:
    """Return the resident bytes of the studio's web processes."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_web = b"manage.py\0serve" in (folder / "cmdline").read_bytes()
            home = f"OFFICINA_HOME={studio.home}\0".encode()
            if is_web and home in (folder / "environ").read_bytes():
                total += int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            continue
    return total


def browse(file: Path) -> bool:
    """Click on Explore in a browser; print when rows and statistics are there."""
    from playwright.sync_api import expect, sync_playwright

    from tests.conftest import CHROMIUM, CHROMIUM_FLAGS

    with start_studio("explore") as studio, sync_playwright() as playwright:
        printed = studio.shell(SEED.format(file=str(file)))
        session = printed.split("SEEDED ")[1].strip()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "sessionid", "value": session, "url": studio.url}])
        page = context.new_page()
        page.goto(f"{studio.url}/w/{studio.workspace}/data/million/")
        before, begun = memory_of_web(studio), time.monotonic()
        found: dict[str, float] = {}
        page.get_by_role("link", name="Explore").click()
        rows = page.locator("tbody tr")
        for name, ready in (
            ("first rows and the types of all columns", page.get_by_role("gridcell").first),
            ("statistics of the first columns", rows.and_(page.locator(":not([data-waiting])")).first),
        ):  # fmt: skip
            ready.wait_for(timeout=60_000)
            found[name] = time.monotonic() - begun
        expect(page.locator("tr[data-waiting]")).to_have_count(0, timeout=120_000)
        found["statistics of all 50 columns"] = time.monotonic() - begun
        page.get_by_role("button", name="Work out correlations").click()
        page.get_by_role("columnheader", name="Pearson").wait_for(timeout=60_000)
        grown = memory_of_web(studio) - before
        browser.close()
    for name, seconds in found.items():
        print(f"{seconds:8.2f} s  {name}")
    print(f"{grown / 2**20:8.1f} MiB  the web process grew by")
    first = found["statistics of the first columns"]
    return first <= FIRST_PAINT and grown <= WEB_GROWTH


def main(argv: list[str]) -> int:
    """Write the table, measure, and say whether the bars are held."""
    numbers = [int(each) for each in argv if each.isdigit()]
    rows = numbers[0] if numbers else ROWS
    with tempfile.TemporaryDirectory(prefix="officina-explore-") as folder:
        file = Path(folder, "data.parquet")
        write(file, rows)
        load = json.dumps([round(each, 1) for each in os.getloadavg()])
        print(f"{rows:,} rows x 50 columns, {os.cpu_count()} cores, load {load}")
        if "--browser" in argv:
            return 0 if browse(file) else 1
        parts(file)
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
