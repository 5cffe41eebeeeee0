"""The official SDK filters and orders runs; what must come out is computed from what was logged."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import truth
import wandb
from checks import Checks, equal, holds

checks = Checks()
api = wandb.Api()
runs = truth.load()
PROJECT = "runlake/digits"

Wanted = Callable[[truth.Run], Any]

FILTERS: list[tuple[dict[str, Any], Wanted]] = [
    ({}, lambda run: True),
    ({"state": "finished"}, lambda run: run.state == "finished"),
    ({"state": {"$in": ["failed", "crashed"]}}, lambda run: run.state != "finished"),
    ({"state": {"$ne": "finished"}}, lambda run: run.state != "finished"),
    ({"tags": "grid"}, lambda run: "grid" in run.tags),
    ({"tags": {"$in": ["media", "steps"]}}, lambda run: {"media", "steps"} & set(run.tags)),
    ({"tags": {"$nin": ["grid", "edge"]}}, lambda run: not {"grid", "edge"} & set(run.tags)),
    ({"tags": "ünïcode"}, lambda run: "ünïcode" in run.tags),
    ({"config.lr": 0.1}, lambda run: run.config.get("lr") == 0.1),
    ({"config.lr.value": 0.1}, lambda run: run.config.get("lr") == 0.1),
    ({"config.lr": {"$gt": 0.05, "$lte": 1}}, lambda run: 0.05 < run.config.get("lr", 0) <= 1),
    ({"config.lr": {"$exists": False}}, lambda run: "lr" not in run.config),
    ({"config.resume_from": None}, lambda run: run.config.get("resume_from") is None),
    ({"config.optimizer.schedule.kind": "cosine"}, lambda run: "optimizer" in run.config),
    ({"config.optimizer.value.name": "sgd"}, lambda run: "optimizer" in run.config),
    ({"config.augment": False}, lambda run: run.config.get("augment") is False),
    ({"config.big": 9007199254740993}, lambda run: run.run_id == "values"),
    ({"config.dotted.key": 1}, lambda run: run.run_id == "values"),
    ({"group": "lr-grid"}, lambda run: run.group == "lr-grid"),
    ({"jobType": "train"}, lambda run: run.job_type == "train"),
    ({"job_type": {"$in": ["eval"]}}, lambda run: run.job_type == "eval"),
    ({"name": "values"}, lambda run: run.run_id == "values"),
    ({"displayName": "steps"}, lambda run: run.display_name == "steps"),
    ({"display_name": {"$regex": "^lr .*seed [12]$"}}, lambda run: re.search("^lr .*seed [12]$", run.display_name)),
    ({"$or": [{"state": "failed"}, {"tags": "media"}]}, lambda run: run.state == "failed" or "media" in run.tags),
    ({"$and": [{"group": "lr-grid"}, {"config.seed": 2}]}, lambda run: run.group == "lr-grid" and run.config["seed"] == 2),
    ({"$nor": [{"group": "lr-grid"}, {"state": "finished"}]}, lambda run: run.group != "lr-grid" and run.state != "finished"),
    ({"config.lr": {"$not": {"$gte": 0.1}}}, lambda run: not run.config.get("lr", 0) >= 0.1),
    (
        {"group": "lr-grid", "summary_metrics.train/loss": {"$lt": 1.0}},
        lambda run: run.group == "lr-grid" and last(run, "train/loss") < 1.0,
    ),
    ({"name": "nobody"}, lambda run: False),
]


def last(run: truth.Run, key: str) -> Any:
    """The last value of a metric."""
    return [row[key] for row in run.rows.values() if key in row][-1]


for filters, wanted in FILTERS:

    @checks.check(f"filters={filters}")
    def _() -> None:
        found = wandb.Api().runs(PROJECT, filters=filters)
        ids = sorted(run_id for run_id, run in runs.items() if wanted(run))
        equal(len(found), len(ids), "len")
        equal(sorted(run.id for run in found), ids)


GRID = {"group": "lr-grid"}
KEYS: list[tuple[str, Wanted]] = [
    ("config.lr", lambda run: run.config["lr"]),
    ("config.lr.value", lambda run: run.config["lr"]),
    ("summary_metrics.train/loss", lambda run: last(run, "train/loss")),
    ("display_name", lambda run: run.display_name),
    ("name", lambda run: run.run_id),
    ("created_at", lambda run: run.folder),
    ("createdAt", lambda run: run.folder),
]

for key, value_of in KEYS:
    for sign in "+-":

        @checks.check(f"order={sign}{key}")
        def _() -> None:
            found = [value_of(runs[run.id]) for run in wandb.Api().runs(PROJECT, filters=GRID, order=sign + key, per_page=2)]
            equal(found, sorted(found, reverse=sign == "-"))
            equal(len(found), 9)


@checks.check("runs without a value come last both ways")
def _() -> None:
    for order in ("+config.lr", "-config.lr"):
        has_value = ["lr" in runs[run.id].config for run in wandb.Api().runs(PROJECT, order=order)]
        equal(has_value, sorted(has_value, reverse=True), order)
        holds(not all(has_value))


checks.finish()
