"""The official SDK lists and downloads a run's files, and reads its console and artifacts."""

from __future__ import annotations

import tempfile
from pathlib import Path

import truth
import wandb
from checks import Checks, equal, holds, raises

checks = Checks()
api = wandb.Api()
runs = truth.load()
PROJECT = "runlake/digits"


def files_of(run_id: str) -> dict[str, bytes]:
    """The files that the SDK kept beside the log."""
    folder = truth.DATA / "digits" / "wandb" / runs[run_id].folder / "files"
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@checks.check("files are listed with their sizes")
def _() -> None:
    for run_id in ("media", "records", "values"):
        wanted = files_of(run_id)
        found = api.run(f"{PROJECT}/{run_id}").files()
        equal(len(found), len(wanted), run_id)
        equal({file.name: file.size for file in found}, {name: len(content) for name, content in wanted.items()}, run_id)


@checks.check("pages of any size list the same files")
def _() -> None:
    wanted = sorted(files_of("media"))
    holds(len(wanted) > 3)
    for per_page in (1, 2, 50):
        equal(sorted(file.name for file in api.run(f"{PROJECT}/media").files(per_page=per_page)), wanted, f"per_page={per_page}")


@checks.check("files by name, and by pattern")
def _() -> None:
    run = api.run(f"{PROJECT}/media")
    equal([file.name for file in run.files(names=["requirements.txt", "no such file"])], ["requirements.txt"])
    equal(sorted(file.name for file in run.files(pattern="%.png")), sorted(name for name in files_of("media") if name.endswith(".png")))


@checks.check("a downloaded file has the bytes of the original")
def _() -> None:
    for run_id in ("media", "records"):
        folder = Path(tempfile.mkdtemp())
        for file in api.run(f"{PROJECT}/{run_id}").files():
            file.download(root=str(folder))
        equal({name: (folder / name).read_bytes() for name in files_of(run_id)}, files_of(run_id), run_id)


@checks.check("a run's file by its name")
def _() -> None:
    with api.run(f"{PROJECT}/records").file("notes.txt").download(root=tempfile.mkdtemp()) as file:
        equal(file.read().encode(), files_of("records")["notes.txt"])


@checks.check("a file that is not there is an error")
def _() -> None:
    raises(wandb.errors.CommError, "", lambda: api.run(f"{PROJECT}/records").file("no such file"))


@checks.check("an offline run has no metadata")
def _() -> None:
    equal(api.run(f"{PROJECT}/records").metadata, None)


@checks.check("the console of a run")
def _() -> None:
    lines = [line.content.rstrip("\n") for line in api.run(f"{PROJECT}/records").console_logs()]
    wanted = files_of("records")["output.log"].decode().splitlines()
    holds(wanted)
    equal(lines, wanted)


@checks.check("a lake has no artifacts")
def _() -> None:
    run = api.run(f"{PROJECT}/media")
    equal((len(run.logged_artifacts()), len(run.used_artifacts())), (0, 0))


checks.finish()
