"""What a user of the official SDK reads when something is wrong."""

from __future__ import annotations

import os

import wandb
from checks import Checks, equal, raises

checks = Checks()
api = wandb.Api()
PROJECT = "runlake/digits"
KEY = os.environ["WANDB_API_KEY"]


@checks.check("a wrong key")
def _() -> None:
    raises(wandb.errors.AuthenticationError, "user is not logged in", lambda: wandb.Api(api_key="0" * len(KEY)))


@checks.check("a missing project")
def _() -> None:
    raises(ValueError, "Could not find project digit", lambda: len(api.runs("runlake/digit")))
    raises(ValueError, "Could not find project digits", lambda: list(api.runs("nobody/digits")))


@checks.check("a missing run")
def _() -> None:
    raises(wandb.errors.CommError, "Could not find run", lambda: api.run(f"{PROJECT}/nothing"))
    raises(wandb.errors.CommError, "Could not find run", lambda: api.run("runlake/nothing/values"))


@checks.check("an entity without projects")
def _() -> None:
    equal(len(list(api.projects("nobody"))), 0)


@checks.check("a filter with an unknown operator")
def _() -> None:
    raises(Exception, "`$like` is not an operator", lambda: len(api.runs(PROJECT, {"state": {"$like": "fin"}})))


@checks.check("a filter with an unknown field")
def _() -> None:
    raises(Exception, "runs have no field `stat`", lambda: len(api.runs(PROJECT, {"stat": "finished"})))


@checks.check("an order that is none")
def _() -> None:
    raises(Exception, "runs have no field `colour`", lambda: len(api.runs(PROJECT, order="-colour")))


@checks.check("the viewer")
def _() -> None:
    viewer = wandb.Api().viewer
    equal(isinstance(viewer.id, str), True)


checks.finish()
