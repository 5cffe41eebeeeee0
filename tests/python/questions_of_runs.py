"""What is said of each run: `best`, `describe`, `correlate`, `anomalies` and `compare`."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy
import pandas
import scipy.stats
from asker import Asker, same_table
from checks import Checks, equal, holds
from lake_curves import SPECIAL, Project, Run, flat

GOALS = {"min": -1.0, "max": 1.0}


def values_of(project: Project, run: Run, key: str) -> list[tuple[dict[str, Any], Any]]:
    """The rows of a run that have a key, with what they have."""
    column = project.columns[key]
    return [(row, row[column]) for row in run.rows if row.get(column) is not None]


def picked(project: Project, run: Run, key: str, goal: str) -> tuple[dict[str, Any], float] | None:
    """The row with the best value, of equal ones the first, or the last row that has one."""
    found = [(row, float(value)) for row, value in values_of(project, run, key)]
    if goal == "last":
        return found[-1] if found else None
    numbers = [(row, value) for row, value in found if not math.isnan(value)]
    return max(numbers, key=lambda pair: GOALS[goal] * pair[1], default=None)


def canonical(value: Any) -> str:
    """JSON text with members in order and whole floats as integers."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{canonical(value[key])}" for key in sorted(value)) + "}"
    return json.dumps(value, ensure_ascii=False)


def shown(value: Any) -> str | None:
    """A value as people read it."""
    return value if value is None or isinstance(value, str) else canonical(value)


def same_json(one: Any, other: Any) -> bool:
    """Equal, where true is no number."""
    return type(one) is type(other) and one == other or (is_number(one) and is_number(other) and one == other)


def is_number(value: Any) -> bool:
    """A number, and no boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def differ(values: list[Any]) -> bool:
    """Whether runs differ in a key, of which they have these values, or `MISSING`."""
    return any(not same_json(values[0], value) for value in values[1:])


MISSING = object()


def typed(values: list[Any]) -> list[Any]:
    """Values as a column of one type: booleans, integers, floats, else text."""
    values = [None if value is MISSING else value for value in values]
    there = [value for value in values if value is not None]
    if there and all(isinstance(value, bool) for value in there):
        return values
    if there and all(is_number(value) and isinstance(value, int) and abs(value) < 2**63 for value in there):
        return values
    special = [value for value in there if isinstance(value, str) and value in SPECIAL]
    if len(there) > len(special) and all(is_number(value) or value in special for value in there if not isinstance(value, (list, dict))):
        if not any(isinstance(value, (list, dict)) for value in there):
            return [None if value is None else float(SPECIAL[value]) if isinstance(value, str) else float(value) for value in values]
    return [shown(value) for value in values]


def best_table(project: Project, key: str, goal: str, threshold: float, axis: str, beside: list[str]) -> dict[str, Any]:
    """The table of `best`."""
    found = [(run, *pair) for run in project.runs if (pair := picked(project, run, key, goal))]
    if goal != "last":
        found.sort(key=lambda line: -GOALS[goal] * line[2])
    runs = [run for run, _, _ in found]
    table: dict[str, Any] = {"run_id": [run.run_id for run in runs], "display_name": [run.record["display_name"] for run in runs]}
    table[key] = [value for _, _, value in found]
    table["_step"] = [row["_step"] for _, row, _ in found]
    for name in sorted({name for run in runs for name in run.config}):
        values = [run.config.get(name, MISSING) for run in runs]
        if differ(values):
            table[f"config.{name}"] = typed(values)
    for name in ("_runtime", "_timestamp"):
        table[name] = [row[name] for _, row, _ in found]
    table["rows"] = [len(values_of(project, run, key)) for run in runs]
    areas, reached = [], []
    for run in runs:
        x, y = project.points(run, key, axis)
        finite = numpy.isfinite(x) & numpy.isfinite(y)
        areas.append(float(numpy.trapezoid(y[finite], x[finite])) if finite.any() else None)
        hits = x[y >= threshold] if goal == "max" else x[y <= threshold]
        reached.append(float(hits[0]) if len(hits) else None)
    table |= {"area": areas, "reached_at": reached}
    for name in beside:
        table[name] = [row.get(project.columns[name]) for _, row, _ in found]
    return table


def profile(project: Project, runs: list[Run], key: str) -> dict[str, Any]:
    """What the runs have of a key."""
    found = [(row, value) for run in runs for row, value in values_of(project, run, key)]
    numbers = [float(value) for _, value in found if not isinstance(value, str)]
    there = [value for value in numbers if not math.isnan(value)]
    last = max(found, key=lambda pair: pair[0]["_step"], default=None)
    return {
        "key": key,
        "kind": project.kinds[project.columns[key]],
        "count": len(found),
        "nulls": sum(len(run.rows) for run in runs) - len(found),
        "nan": sum(math.isnan(value) for value in numbers),
        "infinite": sum(math.isinf(value) for value in numbers),
        "min": min(there, default=None),
        "max": max(there, default=None),
        "last": last and last[1],
        "first_step": min((row["_step"] for row, _ in found), default=None),
        "last_step": last and last[0]["_step"],
    }


def correlation(values: list[Any], outcomes: list[float]) -> dict[str, Any]:
    """One config key beside the outcomes of the same runs."""
    def number(value: Any) -> float | None:
        if isinstance(value, str):
            return SPECIAL.get(value)
        return float(value) if isinstance(value, (int, float)) else None

    numbers = [number(value) for value in values]
    is_number_key = all(value is not None for value in numbers)
    line = {"kind": "number" if is_number_key else "category", "runs": len(values), "pearson": None, "spearman": None, "explained": None}
    if is_number_key:
        pairs = pandas.DataFrame({"a": numbers, "b": outcomes}, dtype=float).dropna()
        if pairs["a"].nunique() > 1 and pairs["b"].nunique() > 1:
            line["spearman"] = float(scipy.stats.spearmanr(pairs["a"], pairs["b"]).statistic)
            if numpy.isfinite(pairs["a"]).all():
                line["pearson"] = float(scipy.stats.pearsonr(pairs["a"], pairs["b"]).statistic)
    frame = pandas.DataFrame({"group": [shown(value) or "" for value in values], "outcome": outcomes})
    line["distinct"] = frame["group"].nunique()
    if line["distinct"] < len(values) and frame["outcome"].nunique() > 1:
        means = frame.groupby("group")["outcome"].transform("mean")
        squares = lambda values: float(((values - frame["outcome"].mean()) ** 2).sum())  # noqa: E731
        line["explained"] = squares(means) / squares(frame["outcome"])
    return line


def went_wrong(project: Project, key: str, goal: str, steps: float, limit: float) -> list[tuple[str, str, int, float]]:
    """What went wrong with a metric: run, what, step and value."""
    found, ends = [], []
    for run in project.runs:
        x, y = project.points(run, key)
        for what, odd in (("nan", numpy.isnan(y)), ("infinite", numpy.isinf(y))):
            found += [(run.run_id, what, int(x[at]), float(y[at])) for at in numpy.flatnonzero(odd)[:1]]
        x, y = x[numpy.isfinite(y)], y[numpy.isfinite(y)]
        ends.append((run.run_id, int(x[-1]), float(y[-1])) if len(y) else None)
        if len(y) > 1:
            sign = GOALS[goal]
            best_before = numpy.maximum.accumulate(sign * y)[:-1]
            worse = best_before - sign * y[1:]
            far = numpy.flatnonzero((worse > 0) & (worse > steps * numpy.median(numpy.abs(numpy.diff(y)))))
            found += [(run.run_id, "diverged", int(x[at + 1]), float(y[at + 1])) for at in far[:1]]
    lasts = numpy.array([end[2] for end in ends if end])
    if len(lasts):
        distances = numpy.abs(lasts - numpy.median(lasts))
        spread = scipy.stats.median_abs_deviation(lasts) / 0.6745 or 1.2533 * distances.mean()
        found += [(end[0], "outlier", end[1], end[2]) for end in ends if end and abs(end[2] - numpy.median(lasts)) > limit * spread]
    return found


def fields_of(run: Run) -> dict[str, Any]:
    """What a run is beside config and summary."""
    names = ("display_name", "state", "group", "job_type", "sweep_id", "username", "commit", "notes")
    fields = {name: run.record[name] for name in names if run.record.get(name) is not None}
    if run.record["tags"]:
        fields["tags"] = run.record["tags"]
    if run.record["synced_rows"] is not None:
        fields["rows"] = run.record["synced_rows"]
    return fields


def declare(checks: Checks, asker: Asker, project: Project, other: Project) -> None:
    """Declares the checks of one lake."""
    is_odd = project.name == "team/odd"
    metric = "loss" if is_odd else "train/loss"
    of_project = ["--project", project.name]
    beside = ["note", "flag", "epoch", "eval/top 5.größe"] if is_odd else ["epoch", "val.acc", "finite", "genauigkeit-ä"]
    for key, goal, axis, threshold in (
        (metric, "min", "_step", 1.0),
        (metric, "max", "epoch", 2.5),
        (metric, "last", "_runtime", 0.5),
        ("val.acc", "max", "_step", 0.8),
        ("flag" if is_odd else "finite", "max", "_step", 1.0),
    ):

        @checks.check(f"best: {goal} of {key}, along {axis}")
        def _() -> None:
            with_keys = [name for name in beside if name != key]
            command = ["best", key, "--goal", goal, "--with", ",".join(with_keys), "--area", "--threshold", str(threshold), "--x-axis", axis]
            same_table(asker.table(*command, *of_project), best_table(project, key, goal, threshold, axis, with_keys))

    keys = [metric, *beside, *(["clock", "key"] if is_odd else ["special", "string", "mostly number", "x"])]
    for per_run in (False, True):

        @checks.check(f"describe{' of each run' if per_run else ''}")
        def _() -> None:
            found = asker.table("describe", *keys, *(["--per-run"] if per_run else []), *of_project)
            lines = []
            for runs in [[run] for run in project.runs] if per_run else [project.runs]:
                for key in keys:
                    line = profile(project, runs, key)
                    having = sum(bool(values_of(project, run, key)) for run in runs)
                    if per_run and having:
                        lines.append({"run_id": runs[0].run_id} | line)
                    elif not per_run:
                        lines.append({"key": key, "kind": line["kind"], "runs": having} | line)
            lasts = [line["last"] for line in lines]
            texts = found.column("last").to_pylist()
            for text, last in zip(texts, lasts, strict=True):
                is_text = isinstance(last, str)
                holds(text == last if last is None or is_text else text == canonical(last) or same_number(text, last), (text, last))
            wanted = {name: [line[name] for line in lines] for name in lines[0]} | {"last": texts}
            same_table(found, wanted)

    for key, goal in ((metric, "last"), (metric, "min"), ("val.acc", "max")):

        @checks.check(f"correlate: {goal} of {key}")
        def _() -> None:
            outcomes = {run.run_id: pair[1] for run in project.runs if (pair := picked(project, run, key, goal))}
            outcomes = {run_id: value for run_id, value in outcomes.items() if math.isfinite(value)}
            lines = {}
            for name in {name for run in project.runs for name in run.config}:
                both = [(run.config[name], outcomes[run.run_id]) for run in project.runs if name in run.config and run.run_id in outcomes]
                values = [value for value, _ in both]
                if len(both) > 1 and differ(values):
                    lines[name] = correlation(values, [outcome for _, outcome in both])
            found = asker.table("correlate", key, "--goal", goal, *of_project)
            names = found.column("config").to_pylist()
            equal(sorted(names), sorted(lines))
            columns = ("kind", "runs", "distinct", "pearson", "spearman", "explained")
            same_table(found, {"config": names} | {column: [lines[name][column] for name in names] for column in columns})

            def strength(name: str) -> float:
                line = lines[name]
                group = [math.sqrt(line["explained"])] if line["kind"] == "category" and line["explained"] is not None else []
                return max([abs(line[of]) for of in ("pearson", "spearman") if line[of] is not None] + group, default=0.0)

            strengths = [strength(name) for name in names]
            holds(all(a >= b - 1e-12 for a, b in zip(strengths, strengths[1:], strict=False)), f"not the strongest first: {strengths}")

    for keys_of, goal, steps, limit in (([metric], "min", 20.0, 3.5), ([metric, "val.acc"], "max", 5.0, 2.0), ([], "min", 8.0, 3.0)):

        @checks.check(f"anomalies of {', '.join(keys_of) or 'everything'}, {goal}")
        def _() -> None:
            command = ["anomalies", *keys_of, "--goal", goal, "--steps", str(steps), "--outlier", str(limit), *of_project]
            found = asker.table(*command)
            rows = list(zip(*(found.column(name).to_pylist() for name in ("run_id", "key", "what", "_step", "value")), strict=True))
            holds(len(rows) > 0, "nothing went wrong")
            numbers = keys_of or [key for key, column in project.columns.items() if project.kinds[column] in ("number", "boolean")]
            for key in numbers:
                wanted = [(run, what, step, repr(value)) for run, what, step, value in went_wrong(project, key, goal, steps, limit)]
                mine = [(run, what, step, repr(value)) for run, of_key, what, step, value in rows if of_key == key]
                equal(sorted(mine), sorted(wanted), key)
            order = [(row[0].encode(), numbers.index(row[1]), row[3]) for row in rows]
            if keys_of:
                equal(order, sorted(order), "the order")

    for every in (False, True):

        @checks.check(f"compare{' everything' if every else ''}")
        def _() -> None:
            found = asker.table("compare", *(["--all"] if every else []), *of_project)
            ids = [run.run_id for run in project.runs]
            equal(found.column_names, ["section", "key", *ids])
            lines = {(row["section"], row["key"]): [row[run_id] for run_id in ids] for row in found.to_pylist()}
            sections = {
                "run": [fields_of(run) for run in project.runs],
                "config": [run.config for run in project.runs],
                "summary": [flat(json.loads(run.record["summary"])) for run in project.runs],
            }
            wanted = {}
            for section, objects in sections.items():
                for key in sorted({key for values in objects for key in values}):
                    values = [values.get(key, MISSING) for values in objects]
                    if every or differ(values):
                        wanted[section, key] = [None if value is MISSING else shown(value) for value in values]
            # Times are those of the record, in words.
            told = {line: values for line, values in lines.items() if line[1] not in ("created_at", "duration_seconds") or line[0] != "run"}
            equal([line for line in told], [line for line in wanted])
            for line, values in wanted.items():
                if any(same_text(mine, theirs) is False for mine, theirs in zip(told[line], values, strict=True)):
                    equal(told[line], values, str(line))


def same_number(text: str | None, value: float) -> bool:
    """Whether a text is that number."""
    return text is not None and (float(text) == float(value) or (math.isnan(float(text)) and math.isnan(value)))


def same_text(mine: str | None, theirs: str | None) -> bool:
    """Whether two texts are the same, or of the same number."""
    if mine == theirs:
        return True
    try:
        return mine is not None and theirs is not None and float(mine) == float(theirs)
    except ValueError:
        return False
