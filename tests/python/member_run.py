"""The properties of `Run`, and the ways to read its rows and its console."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import wandb
from member_steps import GIVEN, MACHINE, PROJECT, RUN, create, outcome, run, step

# A run of each sort: finished, crashed, with odd values, without a history, under odd names.
SORTS = [f"{PROJECT}/{run_id}" for run_id in ("lr001-seed1", "records", "values", "torn", "epochs")] + ["my team/größe 1/sparse"]


# What differs from one fresh backend to the next.
TIMES = ("created_at", "heartbeat_at")


def each(read: Any, name: str = "") -> list[Any]:
    """What `read` gives for a run of each sort."""
    return [read(run(path)) for path in [*SORTS, MACHINE, *([] if name in TIMES else [GIVEN])]]


def local(text: str) -> str:
    """An address without the host that the backend happens to have."""
    return text.replace(os.environ["WANDB_BASE_URL"], "http://backend")


PROPERTIES: dict[str, Any] = {
    "id": lambda it: it.id,
    "storage_id": lambda it: it.storage_id,
    "name": lambda it: it.name,
    "entity": lambda it: it.entity,
    "project": lambda it: it.project,
    "path": lambda it: it.path,
    "url": lambda it: local(it.url),
    "state": lambda it: it.state,
    "tags": lambda it: it.tags,
    "group": lambda it: it.group,
    "job_type": lambda it: it.job_type,
    "notes": lambda it: it.notes,
    "description": lambda it: it.description,
    "config": lambda it: it.config,
    "rawconfig": lambda it: it.rawconfig,
    "json_config": lambda it: json.loads(it.json_config),
    "summary": lambda it: {key: it.summary_metrics[key] for key in it.summary.keys() if key != "_wandb"},
    "summary_metrics": lambda it: dict(it.summary_metrics),
    "system_metrics": lambda it: it.system_metrics,
    "metadata": lambda it: it.metadata,
    "history_keys": lambda it: it.history_keys,
    "last_history_step": lambda it: None if it.lastHistoryStep == -1 else it.lastHistoryStep,
    "created_at": lambda it: it.created_at.rstrip("Z"),
    "heartbeat_at": lambda it: it.heartbeat_at.rstrip("Z"),
    "commit": lambda it: it.commit,
    "user": lambda it: it.user.username,
    "read_only": lambda it: it.read_only,
    "project_internal_id": lambda it: it._project_internal_id,
    "sweep": lambda it: it.sweep and [it.sweep.id, it.sweep.state, it.sweep.config],
    "sweep_name": lambda it: it.sweep_name,
}

for name, read in PROPERTIES.items():
    step(f"Run.{name}")(lambda read=read, name=name: each(read, name))


@step("Run.username")
def _() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return each(lambda it: it.username)


@step("Run.load")
def _() -> Any:
    create("loaded")
    it, other = run("runlake/members/loaded"), run("runlake/members/loaded")
    other.notes = "written elsewhere"
    other.update()
    it.load()
    kept = it.notes
    it.load(force=True)
    return [kept, it.notes]


@step("Run.load_full_data")
def _() -> Any:
    listed = next(it for it in wandb.Api().runs(PROJECT) if it.id == "records")
    listed.load_full_data()
    before = dict(listed.config)
    listed.load_full_data(force=True)
    return [before, dict(listed.config)]


@step("Run.history")
def _() -> Any:
    it = run()
    return [
        it.history(samples=5, pandas=False),
        len(it.history(pandas=False)),
        it.history(samples=5, keys=["train/loss"], pandas=False),
        it.history(samples=5, keys=["train/loss"], x_axis="_timestamp", pandas=False),
        it.history(samples=5, keys=["no such key"], pandas=False),
        it.history(samples=3, stream="system", pandas=False),
        run(f"{PROJECT}/values").history(pandas=False),
    ]


@step("Run.scan_history")
def _() -> Any:
    def scan(path: str, **options: Any) -> list[dict[str, Any]]:
        found = list(run(path).scan_history(use_cache=False, **options))
        # Rows of exports have every column, with None for what was not logged; a row has what was logged.
        return [{key: value for key, value in row.items() if value is not None} for row in found]

    full = scan(RUN)
    return [
        len(full), full[:3], full[-1],
        len(scan(RUN, page_size=7)),
        scan(RUN, min_step=3, max_step=6),
        scan(RUN, keys=["train/loss"], min_step=3, max_step=6),
        [row["_step"] for row in scan(f"{PROJECT}/torn")],
    ]  # fmt: skip


@step("Run.download_history_exports")
def _() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        finished = run().download_history_exports(folder)
        sizes = sorted(path.stat().st_size > 0 for path in map(Path, finished.paths))
        live = outcome(lambda: wandb.Api().run("runlake/live/running").download_history_exports(folder))
        partly = wandb.Api().run("runlake/live/running").download_history_exports(folder, require_complete_history=False)
        return [sizes, finished.contains_live_data, live, [str(path) for path in partly.paths], partly.contains_live_data]


@step("Run.console_logs")
def _() -> Any:
    it = run(MACHINE)

    def lines(**options: Any) -> list[Any]:
        return [[line.number, line.level, line.label, line.content] for line in it.console_logs(**options)]

    return [lines(), lines(per_page=2), lines(last=2), list(run(f"{PROJECT}/values").console_logs(last=1)) != []]


@step("Run.to_html")
def _() -> Any:
    it = run()
    return [local(it.to_html()), local(it.to_html(height=200, hidden=True))]
