"""The members of `Runs`."""

from __future__ import annotations

import math
from typing import Any

import wandb
from member_steps import PROJECT, ids, outcome, step


def listed(**options: Any) -> list[str]:
    return ids(wandb.Api().runs(PROJECT, **options))


@step("Runs: iteration")
def _() -> Any:
    runs = wandb.Api().runs(PROJECT, per_page=4)
    return [ids(runs), ids(runs)]


@step("len(Runs)")
def _() -> Any:
    return [len(wandb.Api().runs(PROJECT)), len(wandb.Api().runs(PROJECT, filters={"state": "finished"}))]


@step("Runs[index]")
def _() -> Any:
    runs = wandb.Api().runs(PROJECT, per_page=3)
    return [runs[0].id, runs[7].id, ids(runs[2:5]), outcome(lambda: runs[1000].id)]


@step("Runs: order")
def _() -> Any:
    orders = [
        "+created_at", "-created_at", "created_at", "-heartbeat_at", "+config.lr.value", "-config.lr.value",
        "+summary_metrics.val.acc", "-summary_metrics.train/loss",
    ]  # fmt: skip
    return [listed(order=order) for order in orders]


@step("Runs: filters")
def _() -> Any:
    filters: list[dict[str, Any]] = [
        {"state": "finished"},
        {"state": {"$in": ["crashed", "failed"]}},
        {"state": {"$nin": ["finished"]}},
        {"config.lr": {"$gte": 0.01, "$lt": 1}},
        {"config.lr.value": {"$gt": 0.01}},
        {"$or": [{"config.seed": 1}, {"displayName": {"$regex": "^v"}}]},
        {"$and": [{"state": "finished"}, {"config.seed": {"$ne": 1}}]},
        {"$nor": [{"state": "finished"}]},
        {"config.lr": {"$exists": False}},
        {"name": {"$eq": "values"}},
        {"tags": "baseline"},
        {"createdAt": {"$lte": "2100-01-01T00:00:00"}},
        {"summary_metrics.val.acc": {"$gt": 0.5}},
    ]
    return [[listed(filters=each), len(wandb.Api().runs(PROJECT, filters=each))] for each in filters]


@step("Runs: per_page")
def _() -> Any:
    return [listed(per_page=size) for size in (1, 5, 1000)]


@step("Runs: include_sweeps")
def _() -> Any:
    runs = [*wandb.Api().runs(PROJECT, include_sweeps=True), *wandb.Api().runs("runlake/given", include_sweeps=True)]
    return [[run.id, run.sweep_name, run.sweep and run.sweep.id] for run in runs]


@step("Runs: lazy")
def _() -> Any:
    lazy = {run.id: [dict(run.config), run.state] for run in wandb.Api().runs(PROJECT, lazy=True)}
    full = {run.id: [dict(run.config), run.state] for run in wandb.Api().runs(PROJECT, lazy=False)}
    return [lazy, lazy == full]


@step("Runs.upgrade_to_full")
def _() -> Any:
    runs = wandb.Api().runs(PROJECT, per_page=5)
    first = runs[0].id
    runs.upgrade_to_full()
    return [first, {run.id: dict(run.summary_metrics) for run in runs}]


def rows(table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without what a missing value is printed as."""
    return [{key: value for key, value in row.items() if not (isinstance(value, float) and math.isnan(value))} for row in table]


@step("Runs.histories")
def _() -> Any:
    runs = wandb.Api().runs(PROJECT, filters={"config.seed": {"$exists": True}}, order="+created_at")
    return [
        runs.histories(samples=3),
        runs.histories(samples=7, keys=["train/loss"]),
        runs.histories(samples=7, keys=["train/loss"], x_axis="_timestamp"),
        len(runs.histories()),
        runs.histories(samples=2, stream="system"),
    ]


@step("Runs.histories: columns")
def _() -> Any:
    # What differs in columns or types makes the SDK's polars frames fail; pandas takes them.
    runs = wandb.Api().runs(PROJECT, filters={"config.seed": {"$exists": True}})
    frame = runs.histories(samples=3, keys=["train/loss"], format="pandas")
    return [list(frame.columns), len(frame), rows(frame.to_dict("records"))]
