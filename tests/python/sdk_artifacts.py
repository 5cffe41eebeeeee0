"""The official SDK finds, downloads, names, logs, uses and deletes artifacts, and finds them again after a kill.

The first version is logged before, by runlake: two files, one in a folder, with the alias `best` and the tag `small`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import wandb
from checks import Checks, equal, holds, raises

checks = Checks()
phase = sys.argv[1]
PROJECT = "runlake/digits"
NAME = f"{PROJECT}/weights"
FILES = {"a.txt": b"hello", "sub/b.bin": bytes(range(256))}


def found(alias: str) -> Any:
    """The version as an instance sees it that has cached nothing."""
    wandb.sdk.artifacts.artifact_instance_cache.artifact_instance_cache.clear()
    return wandb.Api().artifact(f"{NAME}:{alias}")


def fresh(run_id: str) -> Any:
    return wandb.Api().run(f"{PROJECT}/{run_id}")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


if phase == "work":

    @checks.check("a version is found by each of its aliases")
    def _() -> None:
        for alias in ("latest", "best", "v0"):
            artifact = found(alias)
            equal((artifact.name, artifact.version, artifact.type, artifact.state), (f"weights:{alias}", "v0", "model", "COMMITTED"), alias)
            equal((sorted(artifact.aliases), artifact.tags), (["best", "latest"], ["small"]))
            equal((artifact.size, artifact.file_count), (sum(map(len, FILES.values())), len(FILES)))
            equal((artifact.metadata, artifact.description), ({"depth": 3}, "two layers"))

    @checks.check("what is not there is an error, and known not to be there")
    def _() -> None:
        raises(wandb.errors.CommError, "", lambda: found("v9"))
        api = wandb.Api()
        equal((api.artifact_exists(f"{NAME}:v0"), api.artifact_exists(f"{NAME}:v9")), (True, False))
        equal((api.artifact_collection_exists(NAME, "model"), api.artifact_collection_exists(f"{PROJECT}/none", "model")), (True, False))

    @checks.check("a download has the bytes of the originals, and the SDK's own digests fit")
    def _() -> None:
        artifact = found("latest")
        folder = Path(tempfile.mkdtemp())
        artifact.download(root=str(folder), skip_cache=True)
        equal(contents(folder), FILES)
        artifact.verify(root=str(folder))
        equal(artifact.manifest.digest(), artifact.digest)

    @checks.check("one file of it is downloaded alone")
    def _() -> None:
        entry = found("latest").get_entry("sub/b.bin")
        equal(Path(entry.download(root=tempfile.mkdtemp(), skip_cache=True)).read_bytes(), FILES["sub/b.bin"])
        folder = Path(tempfile.mkdtemp())
        found("latest").download(root=str(folder), path_prefix="sub", skip_cache=True)
        equal(contents(folder), {"sub/b.bin": FILES["sub/b.bin"]})

    @checks.check("its files are listed")
    def _() -> None:
        files = found("latest").files()
        equal({file.name: file.size for file in files}, {name: len(content) for name, content in FILES.items()})
        equal([file.name for file in found("latest").files(names=["a.txt"])], ["a.txt"])

    @checks.check("aliases, tags, description and metadata are changed")
    def _() -> None:
        artifact = found("v0")
        artifact.aliases.append("chosen")
        artifact.aliases.remove("best")
        artifact.tags.append("checked")
        artifact.description = "two layers, checked"
        artifact.metadata["acc"] = 0.5
        artifact.save()
        artifact = found("chosen")
        equal((sorted(artifact.aliases), sorted(artifact.tags)), (["chosen", "latest"], ["checked", "small"]))
        equal((artifact.description, artifact.metadata), ("two layers, checked", {"depth": 3, "acc": 0.5}))
        raises(wandb.errors.CommError, "", lambda: found("best"))

    @checks.check("runs log and use it, and say so")
    def _() -> None:
        artifact = found("latest")
        fresh("media").use_artifact(artifact, use_as="start")
        fresh("values").log_artifact(artifact, aliases=["again"], tags=["twice"])
        equal([used.name for used in fresh("media").used_artifacts()], ["weights:v0"])
        equal([logged.name for logged in fresh("values").logged_artifacts()], ["weights:v0"])
        equal([logged.name for logged in fresh("records").logged_artifacts()], ["weights:v0"])
        artifact = found("again")
        equal((artifact.version, sorted(artifact.tags)), ("v0", ["checked", "small", "twice"]))
        equal([run.id for run in artifact.used_by()], ["media"])
        equal(artifact.logged_by().id, "records")

    @checks.check("versions, collections and types are listed")
    def _() -> None:
        api = wandb.Api()
        equal([version.version for version in api.artifacts("model", NAME)], ["v0"])
        equal([kind.name for kind in api.artifact_types(PROJECT)], ["model"])
        collections = list(api.artifact_type("model", PROJECT).collections())
        equal([(collection.name, collection.type) for collection in collections], [("weights", "model")])
        collection = api.artifact_collection("model", NAME)
        equal(sorted(collection.aliases), ["again", "chosen", "latest"])
        equal([version.name for version in collection.artifacts()], ["weights:v0"])

elif phase == "log":

    @checks.check("a process of the SDK logs a version of its own")
    def _() -> None:
        with wandb.init(entity="runlake", project="digits", id="process", dir=tempfile.mkdtemp()) as run:
            artifact = wandb.Artifact("weights", type="model", metadata={"depth": 4})
            folder = Path(tempfile.mkdtemp())
            (folder / "c.txt").write_text("new")
            (folder / "a.txt").write_bytes(FILES["a.txt"])
            artifact.add_dir(str(folder))
            run.log_artifact(artifact, aliases=["latest", "process"]).wait(timeout=60)
        equal(found("process").version, "v1")
        folder = Path(tempfile.mkdtemp())
        found("latest").download(root=str(folder), skip_cache=True)
        equal(contents(folder), {"a.txt": FILES["a.txt"], "c.txt": b"new"})
        equal(found("v1").logged_by().id, "process")

    @checks.check("the same contents make no new version")
    def _() -> None:
        with wandb.init(entity="runlake", project="digits", id="process-2", dir=tempfile.mkdtemp()) as run:
            run.use_artifact(f"{NAME}:v0")
            artifact = wandb.Artifact("weights", type="model")
            folder = Path(tempfile.mkdtemp())
            (folder / "c.txt").write_text("new")
            (folder / "a.txt").write_bytes(FILES["a.txt"])
            artifact.add_dir(str(folder))
            equal(run.log_artifact(artifact).wait(timeout=60).version, "v1")
        equal([used.name for used in fresh("process-2").used_artifacts()], ["weights:v0"])

else:

    @checks.check("everything is there after the kill")
    def _() -> None:
        artifact = found("chosen")
        equal((artifact.version, sorted(artifact.aliases), artifact.metadata), ("v0", ["again", "chosen"], {"depth": 3, "acc": 0.5}))
        equal([version.version for version in wandb.Api().artifact_versions("model", NAME)], ["v1", "v0"])
        folder = Path(tempfile.mkdtemp())
        artifact.download(root=str(folder), skip_cache=True)
        equal(contents(folder), FILES)
        equal([used.name for used in fresh("media").used_artifacts()], ["weights:v0"])

    @checks.check("a version is deleted, and with it its aliases only when told")
    def _() -> None:
        raises(Exception, "it is deleted only together with them", lambda: found("v0").delete())
        found("v0").delete(delete_aliases=True)
        raises(wandb.errors.CommError, "", lambda: found("v0"))
        equal(list(fresh("media").used_artifacts()), [])


checks.finish()
