"""Artifacts as far as runs use them. A process of the SDK makes the versions that the steps are about."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import wandb
from member_steps import WRITTEN, create, outcome, run, step
from wandb.sdk.artifacts.artifact_instance_cache import artifact_instance_cache

NAME = f"{WRITTEN}/weights"
ENTITY, PROJECT = WRITTEN.split("/")


def found(alias: str) -> Any:
    """The version as an instance sees it that has cached nothing."""
    artifact_instance_cache.clear()
    return wandb.Api().artifact(f"{NAME}:{alias}")


def log(run_id: str, files: dict[str, bytes], aliases: list[str]) -> Any:
    """What a run logs when it logs these files."""
    root = Path(tempfile.mkdtemp())
    for name, contents in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(contents)
    with wandb.init(entity=ENTITY, project=PROJECT, id=run_id, dir=tempfile.mkdtemp()) as process:
        artifact = wandb.Artifact("weights", type="model", description="two layers", metadata={"depth": 3, "lr": 0.1})
        artifact.add_dir(str(root))
        return process.log_artifact(artifact, aliases=aliases, tags=["small"]).wait(timeout=60)


def facts(artifact: Any) -> Any:
    return [
        artifact.version, artifact.type, artifact.state, artifact.digest, artifact.size, artifact.file_count,
        sorted(artifact.aliases), sorted(artifact.tags), artifact.description, artifact.metadata,
    ]  # fmt: skip


@step("Run.log_artifact (new)")
def _() -> Any:
    create("maker")
    artifact = log("maker", {"a.txt": b"hello", "sub/b.bin": bytes(range(256))}, ["best"])
    return facts(found(artifact.version))


@step("Run.log_artifact (the same again)")
def _() -> Any:
    artifact = log("maker", {"a.txt": b"hello", "sub/b.bin": bytes(range(256))}, ["again"])
    return facts(found(artifact.version))


@step("Run.log_artifact (changed)")
def _() -> Any:
    artifact = log("maker", {"a.txt": b"hello", "sub/b.bin": b"other"}, [])
    return [facts(found(artifact.version)), sorted(found("v0").aliases)]


@step("Api.artifact")
def _() -> Any:
    return [found(alias).version for alias in ("latest", "best", "v0", "v1")] + [outcome(lambda: found("v9").version)]


@step("Api.artifact_exists")
def _() -> Any:
    return [wandb.Api().artifact_exists(f"{NAME}:{alias}") for alias in ("v0", "best", "v9")]


@step("Api.artifacts")
def _() -> Any:
    return [artifact.version for artifact in wandb.Api().artifacts("model", NAME)]


@step("Api.artifact_types")
def _() -> Any:
    return [kind.name for kind in wandb.Api().artifact_types(WRITTEN)]


@step("Api.artifact_collections")
def _() -> Any:
    return [collection.name for collection in wandb.Api().artifact_collections(WRITTEN, "model")]


@step("Artifact.manifest")
def _() -> Any:
    entries = found("v0").manifest.entries
    return [[path, entries[path].digest, entries[path].size] for path in sorted(entries)]


@step("Artifact.download")
def _() -> Any:
    root = Path(tempfile.mkdtemp())
    found("v0").download(root=str(root), skip_cache=True)
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return [[path.relative_to(root).as_posix(), path.stat().st_size] for path in paths]


@step("Artifact.aliases (set)")
def _() -> Any:
    artifact = found("v0")
    artifact.aliases = [alias for alias in artifact.aliases if alias != "again"] + ["chosen"]
    artifact.save()
    return [sorted(found("chosen").aliases), outcome(lambda: found("again").version)]


@step("Run.log_artifact (of another run)")
def _() -> Any:
    create("second").log_artifact(found("v0"), aliases=["twice"], tags=["more"])
    return [facts(found("v0")), [artifact.version for artifact in run(f"{WRITTEN}/second").logged_artifacts()]]


@step("Run.use_artifact")
def _() -> Any:
    create("user").use_artifact(found("v0"))
    return [artifact.version for artifact in run(f"{WRITTEN}/user").used_artifacts()]


@step("Run.logged_artifacts")
def _() -> Any:
    return [artifact.version for artifact in run(f"{WRITTEN}/maker").logged_artifacts()]


@step("Run.used_artifacts")
def _() -> Any:
    return [[artifact.version for artifact in run(f"{WRITTEN}/{run_id}").used_artifacts()] for run_id in ("user", "maker")]


@step("Artifact.logged_by")
def _() -> Any:
    return found("v0").logged_by().id


@step("Artifact.used_by")
def _() -> Any:
    return [[it.id for it in found(alias).used_by()] for alias in ("v0", "v1")]


@step("Artifact.delete")
def _() -> Any:
    answers = [outcome(lambda: found("v0").delete())]
    found("v0").delete(delete_aliases=True)
    return [*answers, outcome(lambda: found("v0").version), [artifact.version for artifact in wandb.Api().artifacts("model", NAME)]]
