"""The members of `Api`."""

from __future__ import annotations

import os
from typing import Any

import wandb
from member_steps import PROJECT, WRITTEN, create, ids, outcome, run, step


@step("Api")
def _() -> Any:
    return wandb.Api().run(f"{PROJECT}/values").id


@step("Api(overrides, api_key)")
def _() -> Any:
    api = wandb.Api(overrides={"base_url": os.environ["WANDB_BASE_URL"]}, api_key=os.environ["WANDB_API_KEY"])
    return api.run(f"{PROJECT}/values").id


@step("Api.viewer")
def _() -> Any:
    viewer = wandb.Api().viewer
    return [viewer.username, viewer.entity, sorted(viewer.teams)]


@step("Api.default_entity")
def _() -> Any:
    return wandb.Api().default_entity


@step("Api.projects")
def _() -> Any:
    projects = [project for project in wandb.Api().projects("runlake") if project.name not in ("members", "given")]
    return [[project.entity, project.name, project.created_at[:10]] for project in projects]


@step("Api.project")
def _() -> Any:
    project = wandb.Api().project("digits", "runlake")
    return [project.entity, project.name, project.id]


@step("Api.create_project")
def _() -> Any:
    api = wandb.Api()
    api.create_project("made-project", "made-entity")
    return [[project.name for project in wandb.Api().projects("made-entity")], len(api.runs("made-entity/made-project"))]


@step("Api.run")
def _() -> Any:
    found = wandb.Api().run(f"{PROJECT}/values")
    return [found.id, outcome(lambda: wandb.Api().run(f"{PROJECT}/no-such-run").id)]


@step("paths of runs")
def _() -> Any:
    forms = [
        "runlake/digits/values", "/runlake/digits/values/", "runlake/digits/runs/values", "runlake/digits:values",
        "digits/values", "digits/runs/values", "digits:values", "", "a/b/c/d/e",
    ]  # fmt: skip
    api = wandb.Api(overrides={"entity": "runlake"})
    return [outcome(lambda form=form: "/".join(api.run(form).path)) for form in forms]


@step("paths from settings")
def _() -> Any:
    api = wandb.Api(overrides={"entity": "runlake", "project": "digits"})
    return ["/".join(api.run("values").path), "/".join(api.run("/runs/values").path), len(api.runs())]


@step("Api.runs")
def _() -> Any:
    api = wandb.Api()
    return [ids(api.runs(PROJECT)), outcome(lambda: len(list(api.runs("runlake/no-such-project"))))]


@step("Api.create_run")
def _() -> Any:
    made = create("made")
    again = create("made")
    random = wandb.Api().create_run(project="members", entity="runlake")
    return [
        made.id, made.entity, made.project, made.state, made.storage_id == again.storage_id,
        len(random.id), run(f"{WRITTEN}/{random.id}").state, outcome(lambda: create("a/b").id),
    ]  # fmt: skip


@step("Api.from_path")
def _() -> Any:
    api = wandb.Api(overrides={"entity": "runlake"})
    return [
        api.from_path("digits").name, api.from_path("runlake/digits").name, api.from_path("runlake/digits/values").id,
        api.from_path("runlake/digits/runs/values").id, outcome(lambda: api.from_path("a/b/c/d/e").id),
    ]  # fmt: skip


@step("Api.flush")
def _() -> Any:
    api = wandb.Api()
    create("flushed")
    before = api.run(f"{WRITTEN}/flushed").notes
    other = run(f"{WRITTEN}/flushed")
    other.notes = "written elsewhere"
    other.update()
    cached = api.run(f"{WRITTEN}/flushed").notes
    api.flush()
    return [before, cached, api.run(f"{WRITTEN}/flushed").notes]
