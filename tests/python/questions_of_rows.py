"""Rows of many runs as they were logged: `histories` over a lake, samples of it, and `join` with the machine's metrics."""

from __future__ import annotations

import json
import math
from typing import Any

import models
import numpy
from asker import Asker, same_table
from checks import Checks, equal, holds
from curve_formulas import largest_triangles
from lake_curves import Project, Run

FIXED = ("_step", "_timestamp", "_runtime")


def rows_with(project: Project, run: Run, keys: list[str], every: bool = False) -> list[dict[str, Any]]:
    """The rows of a run that have one of the keys, or each."""
    has = all if every else any
    return [row for row in run.rows if has(row.get(project.columns[key]) is not None for key in keys)]


def table_of(project: Project, rows: list[tuple[Run, dict[str, Any]]], keys: list[str]) -> dict[str, list[Any]]:
    """Rows with the keys as columns."""
    table: dict[str, list[Any]] = {"run_id": [run.run_id for run, _ in rows]}
    table |= {name: [row[name] for _, row in rows] for name in FIXED}
    return table | {key: [row.get(project.columns[key]) for _, row in rows] for key in keys}


def even(rows: int, samples: int) -> list[int]:
    """Places at even distances, rounded down, the first and the last among them."""
    if samples >= rows:
        return list(range(rows))
    return [at * (rows - 1) // (samples - 1) for at in range(samples)]


def extremes(y: numpy.ndarray, parts: int) -> list[int]:
    """The least, the greatest and the first that is no number of each part, of equal ones the first."""
    if parts >= len(y):
        return list(range(len(y)))
    chosen: set[int] = set()
    for part in range(parts):
        rows = numpy.arange(part * len(y) // parts, (part + 1) * len(y) // parts)
        finite, odd = rows[numpy.isfinite(y[rows])], rows[~numpy.isfinite(y[rows])]
        if len(finite):
            chosen |= {int(finite[y[finite].argmin()]), int(finite[y[finite].argmax()])}
        for kind in (numpy.isnan, numpy.isposinf, numpy.isneginf):
            chosen |= {int(at) for at in odd[kind(y[odd])][:1]}
    return sorted(chosen)


def sampled(project: Project, run: Run, keys: list[str], rule: str) -> list[dict[str, Any]]:
    """The rows that a rule keeps."""
    rows = rows_with(project, run, keys)
    name, count = rule.split(":")
    if name == "even":
        return [rows[at] for at in even(len(rows), int(count))]
    chosen: set[int] = set()
    for key in keys:
        column = project.columns[key]
        if project.kinds[column] not in ("number", "boolean"):
            continue
        there = [at for at, row in enumerate(rows) if row.get(column) is not None]
        x = numpy.array([float(rows[at]["_step"]) for at in there])
        y = numpy.array([float(rows[at][column]) for at in there])
        points = largest_triangles(x, y, int(count)) if name == "lttb" else extremes(y, int(count))
        chosen |= {there[point] for point in points}
    return [rows[at] for at in sorted(chosen)]


def declare(checks: Checks, asker: Asker, project: Project, other: Project) -> None:
    """Declares the checks of one lake."""
    is_odd = project.name == "team/odd"
    keys = ["loss", "note", "flag", "eval/top 5.größe"] if is_odd else ["train/loss", "val.acc", "string", "special", "finite"]

    whole = (-math.inf, math.inf)
    for words, every, steps in (("", False, whole), ("--require-all", True, whole), ("--min-step 5 --max-step 31", False, (5, 31))):

        @checks.check(f"histories {words}")
        def _() -> None:
            of = keys[:2] if every else keys
            found = asker.table("histories", project.name, "--keys", ",".join(of), *words.split())
            rows = [(run, row) for run in project.runs for row in rows_with(project, run, of, every) if steps[0] <= row["_step"] < steps[1]]
            same_table(found.sort_by([("run_id", "ascending"), ("_step", "ascending")]), table_of(project, rows, of))

    @checks.check("histories of every key")
    def _() -> None:
        found = asker.table("histories", project.name)
        rows = [row for run in project.runs for row in run.rows if any(row.get(column) is not None for column in project.kinds)]
        equal(found.num_rows, len(rows))
        equal(len(found.column_names), len(set(found.column_names)))
        rescued = "_rescued_data" in found.column_names
        equal(rescued, not is_odd, "values that no column holds are there")
        equal(len(found.column_names), 4 + len(project.kinds) + rescued)

    if not is_odd:

        @checks.check("histories of keys with values that no column holds")
        def _() -> None:
            found = asker.table("histories", project.name, "--keys", "mostly number,int")
            rescued = [json.loads(text) for text in found["_rescued_data"].to_pylist() if text is not None]
            equal(sum(row.get("mostly number") == "skipped" for row in rescued), 10)
            numbers = [value for value in found["mostly number"].to_pylist() if value is not None]
            equal(len(numbers), 50)
            exact = {row["int"] for row in rescued if "int" in row}
            holds(9007199254740993 in exact, "an integer beyond 2^53")
            plain = asker.table("histories", project.name, "--keys", "train/loss")
            equal("_rescued_data" in plain.column_names, False)

    finite = [["loss"], ["loss", "flag", "note"]] if is_odd else [["train/acc"], ["train/acc", "val.acc"]]
    for rule, of in ((rule, of) for rule in ("even:7", "even:2", "minmax:4", "minmax:1000", "lttb:9", "lttb:3") for of in finite):

        @checks.check(f"histories --sample {rule} of {', '.join(of)}")
        def _() -> None:
            # The thesis knows no values but numbers.
            odd = ("special", "all-nan", "diverges") if rule.startswith("lttb") else ()
            runs = [run for run in project.runs if run.run_id not in odd]
            chosen = '{"name": {"$nin": [%s]}}' % ",".join(f'"{run_id}"' for run_id in odd)
            command = ["histories", project.name, "--keys", ",".join(of), "--sample", rule]
            found = asker.table(*command, *(["--filters", chosen] if odd else []))
            same_table(found, table_of(project, [(run, row) for run in runs for row in sampled(project, run, of, rule)], of))

    for direction, tolerance in (("nearest", 60.0), ("backward", 0.75), ("forward", 2.5)):

        @checks.check(f"join with the machine's metrics, {direction} within {tolerance} s")
        def _() -> None:
            machine = "system.cpu"
            of = keys[:1]
            command = ["join", *of, "--with", "system", "--keys-of-other", machine, "--direction", direction, "--tolerance", str(tolerance)]
            found = asker.table(*command, "--project", project.name)
            wanted = table_of(project, [(run, row) for run in project.runs for row in rows_with(project, run, of)], of)
            readings: list[float | None] = []
            for run in project.runs:
                times = [math.nan if row["_timestamp"] is None else row["_timestamp"] for row in rows_with(project, run, of)]
                x, y = project.points(run, machine, "_timestamp", system=True)
                readings += models.as_of(x, y, numpy.array(times), direction, tolerance)
            same_table(found, wanted | {machine: readings})
