"""The rows of a lake's projects as plain values, and the curves of each run: what questions are about, read with PyArrow alone."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import lake_rows
import numpy
import pyarrow.parquet

# What config and summary hold in place of numbers that JSON lacks.
SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

# Columns of a lake's own.
RESERVED = {"run_id", "entity", "project", "_step", "_timestamp", "_runtime", "_rescued_data"}


@dataclass
class Run:
    """A run: what it is, its history by step, and its system metrics by time."""

    run_id: str
    project: str
    record: dict[str, Any]
    config: dict[str, Any]
    rows: list[dict[str, Any]]
    system_rows: list[dict[str, Any]]


def part_files(lake: Path, table: str, project: str) -> list[Path]:
    """The part files of a project that the Delta log of a table has at its end."""
    current: set[str] = set()
    for entry in sorted((lake / table / "_delta_log").glob("*.json")):
        actions = [json.loads(line) for line in entry.read_text().splitlines()]
        current.difference_update(action["remove"]["path"] for action in actions if "remove" in action)
        current.update(action["add"]["path"] for action in actions if "add" in action)
    entity, name = project.split("/")
    # Paths are encoded once as folders, and once more in the log.
    files = [lake / table / unquote(path) for path in sorted(current)]
    folders = {f"entity={entity}", f"project={name}"}
    return [file for file in files if folders <= {unquote(part) for part in file.parts}]


def rows_of(lake: Path, table: str, project: str) -> list[dict[str, Any]]:
    """All rows of a project. Null is None, NaN is NaN."""
    return [row for file in part_files(lake, table, project) for row in pyarrow.parquet.ParquetFile(file).read().to_pylist()]


def flat(config: dict[str, Any]) -> dict[str, Any]:
    """Nested objects by dotted keys; empty and typed ones are values. Of several values with one name, those that lie deeper go by their paths."""
    leaves: dict[str, Any] = {}
    for path, value in sorted(leaves_of(config), key=lambda leaf: len(leaf[0])):
        name = ".".join(path)
        leaves[json.dumps(path, ensure_ascii=False, separators=(",", ":")) if name in leaves else name] = value
    return leaves


def leaves_of(members: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in members.items():
        if isinstance(value, dict) and value and "_type" not in value:
            yield from leaves_of(value, (*path, key))
        else:
            yield (*path, key), value


class Project:
    """The runs of a project, by id, and in which column each key is, by the name that it has in answers."""

    def __init__(self, lake: Path, name: str) -> None:
        self.name = name
        paths = lake_rows.metric_paths(lake)
        dotted = [".".join(path) for _, path in paths.values()]
        taken = {name for name in dotted if dotted.count(name) > 1} | RESERVED
        # A name that several keys have, or that a column of the lake's own has, is that of the key's column in answers.
        self.columns = {column if name in taken else name: column for name, column in zip(dotted, paths, strict=True)}
        self.kinds = {column: kind for column, (kind, _) in paths.items()}
        histories, system = rows_of(lake, "histories", name), rows_of(lake, "system_metrics", name)
        self.runs: list[Run] = []
        for record in sorted(rows_of(lake, "runs", name), key=lambda record: record["run_id"].encode()):
            run_id = record["run_id"]
            rows = sorted((row for row in histories if row["run_id"] == run_id), key=lambda row: row["_step"])
            of_machine = [row for row in system if row["run_id"] == run_id]
            self.runs.append(Run(run_id, name, record, flat(json.loads(record["config"])), rows, of_machine))

    def column(self, key: str) -> str:
        """The column of a key, or of an axis that every row has."""
        return key if key in ("_step", "_runtime", "_timestamp") else self.columns[key]

    def points(self, run: Run, key: str, axis: str = "_step", *, system: bool = False) -> tuple[numpy.ndarray, numpy.ndarray]:
        """The rows of a run that have both, by the axis and where equal as they were logged; those whose place is NaN left out."""
        names = (axis, key) if system else (self.column(axis), self.column(key))
        pairs = [(row.get(names[0]), row.get(names[1])) for row in (run.system_rows if system else run.rows)]
        pairs = [(float(x), float(y)) for x, y in pairs if x is not None and y is not None and not math.isnan(x)]
        pairs.sort(key=lambda pair: pair[0])
        x, y = numpy.array(pairs, dtype=float).reshape(-1, 2).T
        return x, y
