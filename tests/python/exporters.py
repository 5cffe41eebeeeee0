"""What two tools of others exported through the official SDK, held against the lake that they read from.

    python exporters.py pluto  OUTPUT LAKE      after `pluto migrate wandb export`
    python exporters.py mlflow OUTPUT LAKE      after `wandb-to-mlflow migrate` into OUTPUT/mlflow.db

Each tool keeps what its own format has a place for. What it keeps must be what the lake has, value for value, and nothing that it has a
place for may be missing.
"""

from __future__ import annotations

import json
import math
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import deltalake
import lake_rows
import pyarrow.parquet
from checks import Checks, equal, holds

TOOL, OUTPUT, LAKE = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
WHERE = [("entity", "=", "runlake"), ("project", "=", "digits")]
SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
checks = Checks()


def lake_table(name: str) -> list[dict[str, Any]]:
    return deltalake.DeltaTable(LAKE / name).to_pyarrow_table(filters=WHERE).to_pylist()


METRICS = lake_rows.metric_paths(LAKE)
runs = {run["run_id"]: run for run in lake_table("runs")}
Point = tuple[str, str, int, str]


def point(run_id: str, key: str, step: int, value: Any) -> Point:
    """A value that can be counted: NaN is itself, 1 is 1.0, and the sign of zero, which JSON loses on its way, is not looked at."""
    return run_id, key, step, value if isinstance(value, str) else repr(float(value) + 0.0)


def logged() -> list[tuple[str, int, str, Any]]:
    """Run, step, key and value of everything in the lake that stands at the top of its row and is no stamp."""
    values = []
    for stored in lake_table("histories"):
        for key, value in lake_rows.rebuild(stored, METRICS).items():
            if not key.startswith("_"):
                values.append((stored["run_id"], stored["_step"], key, value))
    return values


def difference(found: Counter[Point], wanted: Counter[Point]) -> None:
    """Fails with the first of what is missing and of what is too much."""
    missing, extra = wanted - found, found - wanted
    holds(not missing and not extra, f"missing {missing.total()}: {list(missing)[:5]}; too many {extra.total()}: {list(extra)[:5]}")
    holds(wanted.total() > 1000)


if TOOL == "pluto":
    root = OUTPUT / "runlake" / "digits" / "runs"
    exported = {folder.name: folder for folder in root.iterdir() if folder.is_dir()}
    manifests = {run_id: json.loads((folder / "run.json").read_text()) for run_id, folder in exported.items()}
    rows = [
        (run_id, row)
        for run_id, folder in exported.items()
        for part in sorted(folder.glob("part-*.parquet"))
        for row in pyarrow.parquet.read_table(part).to_pylist()
    ]

    @checks.check("every run is exported, and none failed")
    def _() -> None:
        equal(sorted(exported), sorted(runs))
        equal(json.loads((root.parent / "manifest.json").read_text())["failed"], [])

    @checks.check("names, states, tags, configs and summaries")
    def _() -> None:
        for run_id, run in runs.items():
            manifest = manifests[run_id]
            equal((manifest["state"], sorted(manifest["tags"]), manifest["notes"]), (run["state"], sorted(run["tags"] or []), run["notes"]), run_id)
            equal(manifest["config"], json.loads(run["config"] or "{}"), run_id)
            summary = {key: value for key, value in json.loads(run["summary"] or "{}").items() if not key.startswith("_")}
            equal(sorted(manifest["summary"]), sorted(summary), run_id)

    @checks.check("every number, flag and text of every history")
    def _() -> None:
        wanted: Counter[Point] = Counter()
        for run_id, step, key, value in logged():
            if isinstance(value, str) and value not in SPECIAL:
                if len(value) <= 200:
                    wanted[point(run_id, key, step, value)] += 1
            elif isinstance(value, (bool, int, float, str)):
                wanted[point(run_id, key, step, SPECIAL.get(value, value) if isinstance(value, str) else value)] += 1
        found: Counter[Point] = Counter()
        for run_id, row in rows:
            if row["attribute_type"] == "metric":
                found[point(run_id, row["attribute_path"], row["step"], row["float_value"])] += 1
            elif row["attribute_type"] == "string_series":
                found[point(run_id, row["attribute_path"], row["step"], row["string_value"])] += 1
        difference(found, wanted)

    @checks.check("every system metric")
    def _() -> None:
        wanted: Counter[tuple[str, str, str]] = Counter()
        for stored in lake_table("system_metrics"):
            for key, value in stored.items():
                if key.startswith("system.") and isinstance(value, float):
                    wanted[stored["run_id"], key, repr(value)] += 1
        found = Counter(
            (run_id, row["attribute_path"], repr(row["float_value"])) for run_id, row in rows if row["attribute_type"] == "system_metric"
        )
        equal(found, wanted)
        holds(found.total() > 0)

    @checks.check("every file, byte for byte")
    def _() -> None:
        for run_id, folder in exported.items():
            source = LAKE / "files" / "runlake" / "digits" / run_id
            wanted = {path.relative_to(source): path.read_bytes() for path in source.rglob("*") if path.is_file()}
            files = folder / "files"
            found = {path.relative_to(files): path.read_bytes() for path in files.rglob("*") if path.is_file()}
            equal(sorted(found), sorted(wanted), run_id)
            holds(found == wanted, run_id)

    @checks.check("the artifact that a run logged")
    def _() -> None:
        folder = exported["records"] / "artifacts" / "weights:v0"
        equal({path.name: path.read_bytes() for path in folder.iterdir()}, {"a.txt": b"hello"})
        artifacts = [(run_id, row["file_value"]) for run_id, row in rows if row["attribute_type"] == "artifact"]
        equal(artifacts, [("records", "artifacts/weights:v0/a.txt")])

else:
    database = sqlite3.connect(OUTPUT / "mlflow.db")
    tags = {(run, key): value for run, key, value in database.execute("SELECT run_uuid, key, value FROM tags")}
    names = dict(database.execute("SELECT run_uuid, name FROM runs"))
    ids: dict[str, str] = {}
    for (run, key), value in tags.items():
        if key == "wandb.url":
            ids[run] = value.rstrip("/").rsplit("/", 1)[-1]

    @checks.check("every run is migrated once")
    def _() -> None:
        equal(sorted(ids.values()), sorted(runs))

    @checks.check("states and tags")
    def _() -> None:
        for run, run_id in ids.items():
            equal(tags[run, "wandb.state"], runs[run_id]["state"], run_id)
            found = sorted(key.removeprefix("wandb.tag.") for other, key in tags if other == run and key.startswith("wandb.tag."))
            equal(found, sorted(runs[run_id]["tags"] or []), run_id)

    @checks.check("every finite number of every history")
    def _() -> None:
        # MLflow keeps finite numbers under names of up to 250 letters, digits and some signs; others are renamed there. Under these two
        # prefixes the tool puts summaries and system metrics.
        def plain(key: str) -> bool:
            is_kept = len(key) <= 250 and key == key.strip() and all(letter.isalnum() or letter in "/_.- " for letter in key)
            return is_kept and not key.startswith(("final.", "system."))

        wanted: Counter[Point] = Counter()
        for run_id, step, key, value in logged():
            if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and plain(key):
                wanted[point(run_id, key, step, value)] += 1
        found: Counter[Point] = Counter()
        query = "SELECT run_uuid, key, step, value FROM metrics WHERE is_nan = 0"
        keys = {(run_id, key) for run_id, key, _, _ in wanted}
        for run, key, step, value in database.execute(query):
            if (ids.get(run), key) in keys:
                found[point(ids[run], key, step, value)] += 1
        difference(found, wanted)

    @checks.check("the artifact that a run logged")
    def _() -> None:
        found = [path for path in (OUTPUT / "artifacts").rglob("a.txt")]
        equal([path.read_bytes() for path in found], [b"hello"])


checks.finish()
