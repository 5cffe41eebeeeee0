"""The official SDK reads sampled histories: of one run, of many, of the machine."""

from __future__ import annotations

import math
from typing import Any

import truth
import wandb
from checks import Checks, equal, holds

checks = Checks()
api = wandb.Api()
runs = truth.load()
PROJECT = "runlake/digits"
GRID = {"group": "lr-grid"}
GRID_RUNS = [run for run in runs.values() if run.group == "lr-grid"]


@checks.check("history() of a run with fewer rows than samples has every row")
def _() -> None:
    for run_id, run in runs.items():
        found = api.run(f"{PROJECT}/{run_id}").history(pandas=False)
        truth.compare_rows(run, truth.by_step(found))


@checks.check("history() as a data frame")
def _() -> None:
    run = runs["lr010-seed2"]
    frame = api.run(f"{PROJECT}/{run.run_id}").history()
    equal(list(frame["_step"]), list(run.rows))
    equal(list(frame["train/loss"]), [row["train/loss"] for row in run.rows.values()])


@checks.check("history() of a run without rows is empty")
def _() -> None:
    equal(len(api.run(f"{PROJECT}/empty").history(pandas=False)), 0)


@checks.check("history(samples=10) gives ten of the rows, the first and the last among them")
def _() -> None:
    run = runs["lr100-seed3"]
    found = truth.by_step(api.run(f"{PROJECT}/{run.run_id}").history(samples=10, pandas=False))
    equal(len(found), 10)
    equal((min(found), max(found)), (min(run.rows), max(run.rows)))
    holds(all(truth.same(row, run.rows[step]) for step, row in found.items()), found)


@checks.check("history(keys) gives the rows that have every key")
def _() -> None:
    run = runs["lr001-seed1"]
    found = api.run(f"{PROJECT}/{run.run_id}").history(keys=["train/loss", "val.acc"], pandas=False)
    wanted = [
        {"_step": step, "train/loss": row["train/loss"], "val.acc": row["val"]["acc"]}
        for step, row in run.rows.items()
        if "val" in row
    ]
    holds(wanted)
    equal(found, wanted)


@checks.check("history(keys) keeps NaN and the infinities apart")
def _() -> None:
    run = runs["diverges"]
    found = api.run(f"{PROJECT}/diverges").history(keys=["train/loss"], pandas=False)
    pairs = list(zip(found, run.rows.items()))
    equal(len(pairs), len(run.rows))
    for row, (step, wanted) in pairs:
        equal(row["_step"], step)
        holds(truth.same(row["train/loss"], wanted["train/loss"]), (row, wanted))
    kinds = {str(float(row["train/loss"])) for row in found if not math.isfinite(float(row["train/loss"]))}
    equal(kinds, {"nan", "inf"})


@checks.check("history(keys, x_axis)")
def _() -> None:
    found = api.run(f"{PROJECT}/epochs").history(keys=["val/acc"], x_axis="epoch", pandas=False)
    wanted = [{"epoch": row["epoch"], "val/acc": row["val/acc"]} for row in runs["epochs"].rows.values() if "val/acc" in row]
    equal(found, wanted)


@checks.check("history(keys) of a key that no row has is empty")
def _() -> None:
    equal(len(api.run(f"{PROJECT}/values").history(keys=["no such key"], pandas=False)), 0)


@checks.check('history(stream="system") has the measurements of the machine')
def _() -> None:
    rows = api.run(f"{PROJECT}/lr001-seed1").history(stream="system", pandas=False)
    holds(rows)
    for row in rows:
        holds({"_runtime", "_timestamp"} <= row.keys(), row)
        holds(any(key.startswith("system.") for key in row), row)
    times = [row["_timestamp"] for row in rows]
    equal(times, sorted(times))


def values(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The losses by run."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row["run_id"], []).append(row["train/loss"])
    return found


WANTED = {run.run_id: [row["train/loss"] for row in run.rows.values()] for run in GRID_RUNS}


@checks.check("histories(keys) of many runs as lists")
def _() -> None:
    equal(values(api.runs(PROJECT, GRID).histories(keys=["train/loss"])), WANTED)


@checks.check("histories(keys) of many runs in pandas")
def _() -> None:
    frame = api.runs(PROJECT, GRID).histories(keys=["train/loss"], format="pandas")
    equal(values(frame.to_dict("records")), WANTED)


@checks.check("histories(keys) of many runs in Polars")
def _() -> None:
    frame = api.runs(PROJECT, GRID).histories(keys=["train/loss"], format="polars")
    equal(values(frame.to_dicts()), WANTED)


@checks.check("histories() of many runs, all keys")
def _() -> None:
    rows = api.runs(PROJECT, GRID).histories()
    for run in GRID_RUNS:
        own = [{key: value for key, value in row.items() if key != "run_id"} for row in rows if row["run_id"] == run.run_id]
        truth.compare_rows(run, truth.by_step(own))


@checks.check('histories(stream="system") of many runs')
def _() -> None:
    rows = api.runs(PROJECT, GRID).histories(stream="system")
    equal({row["run_id"] for row in rows}, WANTED.keys())


checks.finish()
