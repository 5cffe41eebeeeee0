"""The official SDK uploads, lists, downloads and deletes files of runs, and finds them again after a kill."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import wandb
from checks import Checks, equal, holds, raises

checks = Checks()
phase = sys.argv[1]
PROJECT = "runlake/digits"
CONTENTS = {"plots/loss ä.txt": b"loss\n", "weights.bin": bytes(range(256)) * 4096, "empty": b""}


def fresh(run_id: str) -> Any:
    """The run as an instance sees it that has cached nothing."""
    return wandb.Api().run(f"{PROJECT}/{run_id}")


def uploaded(run_id: str) -> dict[str, bytes]:
    """The contents of the files that were uploaded here, as they are downloaded."""
    folder = Path(tempfile.mkdtemp())
    for file in fresh(run_id).files(names=list(CONTENTS)):
        file.download(root=str(folder))
    return {name: (folder / name).read_bytes() for name in CONTENTS if (folder / name).exists()}


if phase == "write":

    @checks.check("files are uploaded under their names below the root")
    def _() -> None:
        folder = Path(tempfile.mkdtemp())
        before = len(fresh("records").files())
        for name, contents in CONTENTS.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(contents)
            file = fresh("records").upload_file(str(folder / name), root=str(folder))
            equal((file.name, file.size), (name, len(contents)))
        equal(len(fresh("records").files()), before + len(CONTENTS))
        equal(uploaded("records"), CONTENTS)

    @checks.check("a path is relative to the working directory")
    def _() -> None:
        folder = Path(tempfile.mkdtemp())
        (folder / "here.txt").write_text("here")
        previous = os.getcwd()
        os.chdir(folder)
        try:
            equal(fresh("media").upload_file("here.txt").name, "here.txt")
        finally:
            os.chdir(previous)
        with fresh("media").file("here.txt").download(root=tempfile.mkdtemp()) as file:
            equal(file.read(), "here")

    @checks.check("a file is replaced by the next one of its name")
    def _() -> None:
        folder = Path(tempfile.mkdtemp())
        (folder / "here.txt").write_text("there")
        fresh("media").upload_file(str(folder / "here.txt"), root=str(folder))
        files = fresh("media").files(names=["here.txt"])
        equal([file.md5 for file in files], ["2FDwTNtIMSqb4XHiFMC07g=="])
        with files[0].download(root=tempfile.mkdtemp()) as file:
            equal(file.read(), "there")

    @checks.check("a file is deleted, of those that were uploaded and of the lake's own")
    def _() -> None:
        for name in ("here.txt", "requirements.txt"):
            fresh("media").file(name).delete()
            holds(name not in [file.name for file in fresh("media").files()], name)
        raises(wandb.errors.CommError, "", lambda: fresh("media").file("here.txt"))

    @checks.check("a run that was made here has files too")
    def _() -> None:
        run = wandb.Api().create_run(run_id="with-files", project="digits", entity="runlake")
        folder = Path(tempfile.mkdtemp())
        (folder / "a.txt").write_text("a")
        run.upload_file(str(folder / "a.txt"), root=str(folder))
        equal([file.name for file in fresh("with-files").files()], ["a.txt"])

    @checks.check("an upload to a run that is not there is an error")
    def _() -> None:
        run = fresh("with-files")
        run._attrs["name"] = "nobody"
        folder = Path(tempfile.mkdtemp())
        (folder / "a.txt").write_text("a")
        raises(Exception, "there is no run runlake/digits/", lambda: run.upload_file(str(folder / "a.txt"), root=str(folder)))

else:

    @checks.check("what was uploaded is there after the kill")
    def _() -> None:
        equal(uploaded("records"), CONTENTS)
        equal([file.name for file in fresh("with-files").files()], ["a.txt"])

    @checks.check("what was deleted is gone after the kill")
    def _() -> None:
        names = [file.name for file in fresh("media").files()]
        holds(names and "here.txt" not in names and "requirements.txt" not in names, names)


checks.finish()
