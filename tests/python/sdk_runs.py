"""The official SDK lists projects and runs, and reads what each run says of itself."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

import truth
import wandb
from checks import Checks, equal, holds

checks = Checks()
api = wandb.Api()
runs = truth.load()
PROJECT = "runlake/digits"
BASE_URL = os.environ["WANDB_BASE_URL"]


@checks.check("the project has its runs, each once")
def _() -> None:
    listed = api.runs(PROJECT)
    equal(len(listed), len(runs))
    equal(sorted(run.id for run in listed), sorted(runs))


@checks.check("runs come by creation, the oldest first")
def _() -> None:
    times = [datetime.fromisoformat(run.created_at) for run in api.runs(PROJECT)]
    equal(times, sorted(times))


@checks.check("pages of any size give the same runs in the same order")
def _() -> None:
    ids = [run.id for run in api.runs(PROJECT)]
    for per_page in (1, 2, 7, 26, 27, 28):
        equal([run.id for run in wandb.Api().runs(PROJECT, per_page=per_page)], ids, f"per_page={per_page}")


@checks.check("projects are listed by their entity")
def _() -> None:
    equal(sorted(project.name for project in api.projects("runlake")), ["digits", "live"])
    holds(api.project("digits", "runlake").id)


def compare_config(run: Any, wanted: truth.Run) -> None:
    """The config, empty dicts and nulls included."""
    equal(run.config, wanted.config, f"config of {run.id}")


def compare_facts(run: Any, wanted: truth.Run) -> None:
    """What the person who started the run gave it."""
    for name, found, expected in (
        ("display name", run.name, wanted.display_name),
        ("state", run.state, wanted.state_in_lake),
        ("tags", sorted(run.tags), sorted(wanted.tags)),
        ("group", run.group, wanted.group),
        ("job type", run.job_type, wanted.job_type),
        ("notes", run.notes or None, wanted.notes),
        ("entity", run.entity, "runlake"),
        ("project", run.project, "digits"),
        ("path", run.path, ["runlake", "digits", run.id]),
        ("url", run.url, f"{BASE_URL}/runlake/digits/runs/{run.id}"),
    ):
        equal(found, expected, f"{name} of {run.id}")
    holds(run.user is not None)


for lazy in (True, False):

    @checks.check(f"runs have what they were given, lazy={lazy}")
    def _() -> None:
        for run in wandb.Api().runs(PROJECT, lazy=lazy):
            compare_facts(run, runs[run.id])

    @checks.check(f"runs have their config, lazy={lazy}")
    def _() -> None:
        for run in wandb.Api().runs(PROJECT, lazy=lazy):
            compare_config(run, runs[run.id])


@checks.check("a run that is asked for by its path is the run of the listing")
def _() -> None:
    for run_id, wanted in runs.items():
        run = api.run(f"{PROJECT}/{run_id}")
        compare_facts(run, wanted)
        compare_config(run, wanted)


@checks.check("all ways to write a run's path")
def _() -> None:
    for path in ("runlake/digits/values", "/runlake/digits/runs/values", "runlake/digits:values"):
        equal(wandb.Api().run(path).id, "values", path)


@checks.check("a summary has the last values of the history")
def _() -> None:
    for run_id, wanted in runs.items():
        if not wanted.complete or run_id == "epochs":
            continue
        found = truth.read_back(api.run(f"{PROJECT}/{run_id}").summary_metrics)
        last: dict[str, Any] = {}
        for row in wanted.rows.values():
            last |= row
        for key, value in last.items():
            if key not in wanted.summary and key in found and not isinstance(value, dict):
                holds(truth.same(found[key], value), f"{run_id}, {key}: {found[key]!r}, not {value!r}")
        steps = list(wanted.rows)
        equal(found.get("_step"), steps[-1] if steps else None, f"_step of {run_id}")


@checks.check("a summary has what was set by hand")
def _() -> None:
    summary = api.run(f"{PROJECT}/records").summary_metrics
    for key, value in runs["records"].summary.items():
        holds(truth.same(summary.get(key), value), f"{key}: {summary.get(key)!r}, not {value!r}")


@checks.check("a summary follows define_metric")
def _() -> None:
    summary = api.run(f"{PROJECT}/epochs").summary_metrics
    losses = [row["train/loss"] for row in runs["epochs"].rows.values() if "train/loss" in row]
    best = max(row["val/acc"] for row in runs["epochs"].rows.values() if "val/acc" in row)
    equal(summary["val/acc"], {"max": best})
    equal({key: summary["train/loss"][key] for key in ("min", "last")}, {"min": min(losses), "last": losses[-1]})
    holds("grad norm" not in summary, summary)


@checks.check("system metrics are there, and are numbers")
def _() -> None:
    metrics = api.run(f"{PROJECT}/lr001-seed1").system_metrics
    holds(metrics and all(isinstance(value, (int, float)) for value in metrics.values()), metrics)
    holds(all(key.startswith("system.") for key in metrics), metrics)


@checks.check("the last step, and none for a run without history")
def _() -> None:
    for run_id, wanted in runs.items():
        if wanted.complete:
            equal(api.run(f"{PROJECT}/{run_id}").lastHistoryStep, max(wanted.rows, default=-1), run_id)


@checks.check("names with spaces and other letters")
def _() -> None:
    listed = wandb.Api().runs("my team/größe 1")
    equal([run.id for run in listed], ["sparse"])
    run = wandb.Api().run("my team/größe 1/sparse")
    equal((run.entity, run.project), ("my team", "größe 1"))
    truth.compare_rows(runs["sparse"], truth.by_step(list(run.scan_history(page_size=1 << 34, use_cache=False))))


@checks.check("a run without an entity is local")
def _() -> None:
    equal([run.id for run in wandb.Api().runs("local/digits")], list(truth.load("no-entity")))


checks.finish()
