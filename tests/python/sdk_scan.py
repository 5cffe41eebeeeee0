"""The official SDK scans whole histories: exported runs, live ones, with and without keys and its cache.

    python sdk_scan.py exported    # ended runs, from exports
    python sdk_scan.py live        # ended runs, from a backend that exports nothing
    python sdk_scan.py running     # a run that goes on, from a backend that exports what has ended
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from typing import Any

import pyarrow.parquet as parquet
import truth
import wandb
from checks import Checks, equal, holds, raises
from wandb.apis.public.runhistory import IncompleteRunHistoryError



def as_the_sdk_reads(run: truth.Run) -> truth.Run:
    """The run without the sign of -0.0: the SDK's service process hands it to Python as the JSON text `-0`, an integer."""

    def unsigned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: unsigned(item) for key, item in value.items()}
        if isinstance(value, list):
            return [unsigned(item) for item in value]
        return 0 if isinstance(value, float) and value == 0 else value

    return truth.Run(run.facts, {step: unsigned(row) for step, row in run.rows.items()})


checks = Checks()
api = wandb.Api()
runs = {run_id: as_the_sdk_reads(run) for run_id, run in truth.load().items()}
MODE = sys.argv[1]
IS_LIVE = MODE != "exported"
PROJECT = "runlake/live" if MODE == "running" else "runlake/digits"
if MODE == "running":
    runs = {"running": runs["running"]}

# The SDK goes through the step axis page by page, and this run's is long.
LONG_AXIS = {"sparse": 1 << 34, "late-start": 100_000}


def scan(run_id: str, **options: Any) -> list[dict[str, Any]]:
    """The rows of a scan."""
    if run_id in LONG_AXIS and "page_size" not in options:
        options["page_size"] = LONG_AXIS[run_id]
    return list(api.run(f"{PROJECT}/{run_id}").scan_history(**options))


def fresh_cache() -> None:
    """From here on the SDK has no export on disk."""
    shutil.rmtree(os.environ["WANDB_CACHE_DIR"], ignore_errors=True)


def rows_of(run_id: str, **options: Any) -> dict[int, dict[str, Any]]:
    """The rows of a scan by step."""
    return truth.by_step(scan(run_id, **options))


for run_id, run in runs.items():
    if IS_LIVE and run_id == "sparse":
        continue  # its window is wider than a GraphQL integer

    @checks.check(f"{run_id}: every row")
    def _() -> None:
        if run.rows:
            truth.compare_rows(run, rows_of(run_id, use_cache=False), mixed=not IS_LIVE)
        else:
            equal(scan(run_id, use_cache=False), [])


@checks.check("the cache gives the same rows, when it is filled and after")
def _() -> None:
    fresh_cache()
    run_id = next(iter(runs))
    without = scan(run_id, use_cache=False)
    equal(scan(run_id), without)
    equal(scan(run_id), without)


@checks.check("pages of any size give the same rows")
def _() -> None:
    run_id = "running" if MODE == "running" else "gaps"
    whole = scan(run_id, use_cache=False)
    for page_size in (1, 7, 50, 1000):
        found = scan(run_id, page_size=page_size, use_cache=False)
        equal([row["_step"] for row in found], [row["_step"] for row in whole], f"page_size={page_size}")


@checks.check("min_step is inclusive, max_step exclusive")
def _() -> None:
    run_id = next(iter(runs))
    steps = [row["_step"] for row in scan(run_id, use_cache=False)]
    for low, high in ((0, 1), (3, 10), (10, 11), (5, 5), (steps[-1], steps[-1] + 1), (steps[-1] + 1, steps[-1] + 9)):
        found = [row["_step"] for row in scan(run_id, min_step=low, max_step=high, use_cache=False)]
        equal(found, [step for step in steps if low <= step < high], f"{low}..{high}")


for use_cache in (False, True):

    @checks.check(f"keys of every row, use_cache={use_cache}")
    def _() -> None:
        fresh_cache()
        run_id = "running" if MODE == "running" else "diverges"
        wanted = {row["_step"]: row for row in scan(run_id, use_cache=False)}
        found = scan(run_id, keys=["train/loss"], use_cache=use_cache)
        equal([row["_step"] for row in found], list(wanted))
        for row in found:
            holds(truth.same(row["train/loss"], truth.logged(wanted[row["_step"]]["train/loss"])), row)


if MODE != "running":

    @checks.check("keys that some rows have")
    def _() -> None:
        fresh_cache()
        run_id = "epochs"
        found = [row for row in scan(run_id, keys=["epoch", "val/acc"]) if row.get("val/acc") is not None]
        wanted = [
            {"_step": step, "epoch": row["epoch"], "val/acc": row["val/acc"]}
            for step, row in runs[run_id].rows.items()
            if "val/acc" in row
        ]
        equal(found, wanted)

    @checks.check("integers beyond 2**53 are exact")
    def _() -> None:
        found = {row["_step"]: row.get("int") for row in scan("values", use_cache=False)}
        integers = {step: row["int"] for step, row in runs["values"].rows.items() if "int" in row}
        equal({step: found[step] for step in integers}, integers)


@checks.check("download_history_exports gives Parquet files of the exported rows")
def _() -> None:
    run_id, run = next(iter(runs.items()))
    result = api.run(f"{PROJECT}/{run_id}").download_history_exports(tempfile.mkdtemp(), require_complete_history=False)
    equal(result.errors or {}, {})
    exported = sum(parquet.read_table(path).num_rows for path in result.paths)
    equal(exported, 0 if IS_LIVE else len(run.rows))


@checks.check("download_history_exports says when not all is exported")
def _() -> None:
    run = api.run(f"{PROJECT}/{next(iter(runs))}")
    if IS_LIVE:
        raises(IncompleteRunHistoryError, "", lambda: run.download_history_exports(tempfile.mkdtemp()))
    else:
        equal(len(run.download_history_exports(tempfile.mkdtemp()).paths), 1)


checks.finish()
