"""The official SDK makes, changes and deletes runs, and another instance of it sees each change."""

from __future__ import annotations

import sys
from typing import Any

import wandb
from checks import Checks, equal, holds, raises

checks = Checks()
PROJECT = "runlake/written"
phase = sys.argv[1]


def fresh(run_id: str) -> Any:
    """The run as an instance sees it that has cached nothing."""
    return wandb.Api().run(f"{PROJECT}/{run_id}")


def create(run_id: str) -> Any:
    return wandb.Api().create_run(run_id=run_id, project="written", entity="runlake")


if phase == "write":

    @checks.check("a project is made")
    def _() -> None:
        wandb.Api().create_project("empty", "runlake")
        holds("empty" in [project.name for project in wandb.Api().projects("runlake")])

    @checks.check("a run is made with an id, and one with a random id")
    def _() -> None:
        run = create("made")
        equal((run.id, run.entity, run.project, run.state), ("made", "runlake", "written", "running"))
        equal(fresh("made").storage_id, run.storage_id)
        other = wandb.Api().create_run(project="written", entity="runlake")
        equal(fresh(other.id).state, "running")

    @checks.check("a pending run is made, for a process to come")
    def _() -> None:
        run = wandb.apis.public.Run.create(
            wandb.Api(), run_id="pending", project="written", entity="runlake", state="pending"
        )
        equal((run.state, fresh("pending").state), ("pending", "pending"))

    @checks.check("update writes names, notes, tags, group, job type and config")
    def _() -> None:
        run = fresh("made")
        run.name = "A good name"
        run.notes = "some notes"
        run.description = "a description"
        run.tags = ["one", "two"]
        run.group = "the group"
        run.job_type = "train"
        run.config.update({"lr": 0.1, "net": {"depth": 3, "a.b": [1, None]}, "value": {"value": 7}})
        run.update()
        found = fresh("made")
        equal(found.name, "A good name")
        equal((found.notes, found.description, found.tags), ("some notes", "a description", ["one", "two"]))
        equal((found.group, found.job_type), ("the group", "train"))
        equal(found.config, {"lr": 0.1, "net": {"depth": 3, "a.b": [1, None]}, "value": {"value": 7}})

    @checks.check("save is update")
    def _() -> None:
        run = fresh("made")
        run.tags.append("three")
        run.save()
        equal(fresh("made").tags, ["one", "two", "three"])

    @checks.check("a summary is written with update, and a key leaves it")
    def _() -> None:
        run = fresh("made")
        run.summary["acc"] = 0.5
        run.summary["nested"] = {"a": {"b": 1}}
        run.summary["gone"] = 1
        run.summary.update()
        equal(dict(fresh("made").summary_metrics), {"acc": 0.5, "nested": {"a": {"b": 1}}, "gone": 1})
        run = fresh("made")
        del run.summary["gone"]
        run.summary.update({"more": "text"})
        equal(dict(fresh("made").summary_metrics), {"acc": 0.5, "nested": {"a": {"b": 1}}, "more": "text"})

    @checks.check("filters and orders see what was written")
    def _() -> None:
        listed = wandb.Api().runs(PROJECT, filters={"config.lr": {"$gt": 0.05}, "tags": "three"}, order="-created_at")
        equal([run.id for run in listed], ["made"])

    @checks.check("states follow the rules")
    def _() -> None:
        run = fresh("pending")
        equal(run.update_state("failed"), True)
        equal(fresh("pending").state, "failed")
        equal(run.update_state("pending"), True)
        equal(fresh("pending").state, "pending")
        raises(wandb.Error, "cannot go from `pending` to `finished`", lambda: run.update_state("finished"))

    @checks.check("a run is asked to stop, any number of times")
    def _() -> None:
        run = fresh("made")
        run.stop()
        run.stop()
        equal(fresh("made").state, "running")

    @checks.check("a run is waited for until it ends")
    def _() -> None:
        run = create("waited-for")
        run.update_state("failed")
        run = fresh("waited-for")
        run.wait_until_finished()
        equal(run.state, "failed")

    @checks.check("a deleted run is gone, and its id is not given out again")
    def _() -> None:
        run = create("brief")
        run.delete()
        raises(wandb.Error, "Could not find run", lambda: fresh("brief"))
        raises(Exception, "was previously created and deleted", lambda: create("brief"))
        holds("brief" not in [run.id for run in wandb.Api().runs(PROJECT)])

    @checks.check("a run of the lake is changed, and its history stays")
    def _() -> None:
        api = wandb.Api()
        run = api.run("runlake/digits/records")
        before = dict(run.summary_metrics)
        config = dict(run.config)
        run.notes = "written"
        run.summary["extra"] = 1
        run.update()
        found = wandb.Api().run("runlake/digits/records")
        equal((found.notes, found.config), ("written", config))
        equal(dict(found.summary_metrics), {**before, "extra": 1})
        equal(found.rawconfig.get("_wandb"), run.rawconfig.get("_wandb"))
        holds(found.history(pandas=False))

    @checks.check("names that addresses cannot hold are refused")
    def _() -> None:
        raises(Exception, "has the character '/'", lambda: create("a/b"))

else:

    @checks.check("what was written before the backend was killed is there")
    def _() -> None:
        found = fresh("made")
        equal((found.name, found.tags, found.state), ("A good name", ["one", "two", "three"], "running"))
        equal(dict(found.summary_metrics), {"acc": 0.5, "nested": {"a": {"b": 1}}, "more": "text"})
        equal(found.config["net"], {"depth": 3, "a.b": [1, None]})
        equal(fresh("pending").state, "pending")
        equal(wandb.Api().run("runlake/digits/records").notes, "written")
        raises(wandb.Error, "Could not find run", lambda: fresh("brief"))
        holds("empty" in [project.name for project in wandb.Api().projects("runlake")])


checks.finish()
