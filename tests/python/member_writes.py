"""The members of `Run` that change something. Each works on runs of its own."""

from __future__ import annotations

from typing import Any

import wandb
from member_steps import PROJECT, WRITTEN, create, ids, outcome, run, step


def fresh(run_id: str) -> Any:
    return run(f"{WRITTEN}/{run_id}")


@step("Run.create")
def _() -> Any:
    api = wandb.Api()
    made = wandb.apis.public.Run.create(api, run_id="pending", project="members", entity="runlake", state="pending")
    return [made.id, made.state, fresh("pending").state]


@step("Run.name (set)")
def _() -> Any:
    create("named")
    it = fresh("named")
    it.name = "A good name"
    it.update()
    return [it.name, fresh("named").name]


@step("Run.update")
def _() -> Any:
    create("updated")
    it = fresh("updated")
    it.notes, it.description, it.tags = "some notes", "a description", ["one", "two"]
    it.group, it.job_type = "the group", "train"
    it.config.update({"lr": 0.1, "net": {"depth": 3, "a.b": [1, None]}, "value": {"value": 7}, "big": 9007199254740993})
    it.update()
    found = fresh("updated")
    it = fresh("updated")
    it.config["lr"] = 0.2
    it.tags = []
    it.update()
    last = fresh("updated")
    return [
        found.notes, found.description, found.tags, found.group, found.job_type, found.config,
        last.config, last.tags, last.notes,
    ]  # fmt: skip


@step("Run.save")
def _() -> Any:
    create("saved")
    it = fresh("saved")
    it.tags = ["kept"]
    it.save()
    return fresh("saved").tags


@step("Run.summary (update)")
def _() -> Any:
    create("summed")
    it = fresh("summed")
    it.summary["acc"] = 0.5
    it.summary["nested"] = {"a": {"b": 1}}
    it.summary["gone"] = 1
    it.summary.update()
    first = dict(fresh("summed").summary_metrics)
    it = fresh("summed")
    del it.summary["gone"]
    it.summary.update({"more": "text"})
    return [first, dict(fresh("summed").summary_metrics)]


@step("Run.update of a run of the lake")
def _() -> Any:
    it = run(f"{PROJECT}/records")
    it.notes = "written"
    it.config["added"] = True
    it.summary["extra"] = 1
    it.update()
    found = run(f"{PROJECT}/records")
    internal = (run(f"{PROJECT}/records").rawconfig.get("_wandb") or {}).get("cli_version")
    return [found.notes, found.config, dict(found.summary_metrics), internal, len(found.history(pandas=False))]


@step("Run.delete")
def _() -> Any:
    it = create("brief")
    it.delete()
    other = create("brief-too")
    other.delete(delete_artifacts=True)
    return [
        outcome(lambda: fresh("brief").id), outcome(lambda: create("brief").id), outcome(it.delete), outcome(lambda: fresh("brief-too").id),
        [run_id for run_id in ids(wandb.Api().runs(WRITTEN)) if run_id.startswith("brief")],
    ]  # fmt: skip


@step("Run.update_state")
def _() -> Any:
    it = create("states")
    answers: list[Any] = [outcome(lambda state=state: it.update_state(state)) for state in ("failed", "pending", "finished", "failed", "failed")]
    return [*answers, it.state, fresh("states").state]


@step("Run.stop")
def _() -> Any:
    it = create("stopped")
    it.stop()
    it.stop()
    state = fresh("stopped").state
    it.delete()
    return [state, outcome(it.stop)]


@step("Run.wait_until_finished")
def _() -> Any:
    it = create("waited-for")
    it.update_state("failed")
    waiting = fresh("waited-for")
    waiting.wait_until_finished()
    return waiting.state
