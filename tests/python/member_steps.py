"""The steps by name, and what several files of steps need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import wandb

STEPS: dict[str, Callable[[], Any]] = {}

PROJECT = "runlake/digits"
RUN = f"{PROJECT}/lr001-seed1"
WRITTEN = "runlake/members"
# Made beforehand with everything that logs of the sample data lack: a commit, a user, a sweep.
GIVEN = "runlake/given/given"
# Imported with the files of a process that was online: its machine and its console.
MACHINE = "runlake/machine/sparse"


def step(name: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Makes the decorated function the step of this member."""

    def add(call: Callable[[], Any]) -> Callable[[], Any]:
        if name in STEPS:
            raise ValueError(f"there are two steps {name}")
        STEPS[name] = call
        return call

    return add


def run(path: str = RUN) -> Any:
    """The run as an instance sees it that has cached nothing."""
    return wandb.Api().run(path)


def create(run_id: str) -> Any:
    """A run of the project for what is written."""
    entity, project = WRITTEN.split("/")
    return wandb.Api().create_run(run_id=run_id, project=project, entity=entity)


def outcome(call: Callable[[], Any]) -> Any:
    """The answer, or `"refused"`: what each client says of a refusal is its own affair."""
    try:
        return call()
    except Exception:  # noqa: BLE001 - the SDK raises errors of many kinds
        return "refused"


def ids(runs: Any) -> list[str]:
    """The ids of runs."""
    return [run.id for run in runs]
