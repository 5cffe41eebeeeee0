"""Statistics over groups of runs, and curves on one axis: `stats`, `histories --align`, and `join` of two projects."""

from __future__ import annotations

import itertools
import math
from typing import Any

import models
import numpy
from asker import Asker, same_table
from checks import Checks, equal, holds
from lake_curves import SPECIAL, Project, Run

STATISTICS = "count,nan,mean,std,sem,min,max,median,p05,p95,q0.333,iqm,ci95.low,ci95.high"
RESAMPLES, SEED = 20, 5

# The options of an alignment, and what the model needs to know of it.
ALIGNMENTS: dict[str, dict[str, Any]] = {
    "--align exact": {"how": "exact"},
    "--align asof --places 23": {"how": "as_of", "direction": "backward", "places": 23},
    "--align asof --direction forward --places 23 --tolerance 1.5": {"how": "as_of", "direction": "forward", "places": 23, "tolerance": 1.5},
    "--align asof --direction nearest --places 0 --tolerance 3": {"how": "as_of", "direction": "nearest", "places": 0, "tolerance": 3.0},
    "--align linear --places 31": {"how": "linear", "places": 31},
    "--align linear --places 0": {"how": "linear", "places": 0},
    "--align buckets --places 13": {"how": "buckets", "places": 13, "value": "mean"},
    "--align buckets --places 9 --value min --from 2 --to 31.5": {"how": "buckets", "places": 9, "value": "min", "range": (2.0, 31.5)},
    "--align buckets --places 9 --value max --to 60": {"how": "buckets", "places": 9, "value": "max", "range": (None, 60.0)},
    "--align buckets --places 9 --value first": {"how": "buckets", "places": 9, "value": "first"},
    "--align buckets --places 9 --value last": {"how": "buckets", "places": 9, "value": "last"},
    "--align buckets --places 9 --value count": {"how": "buckets", "places": 9, "value": "count"},
}
# One of each kind.
FEW = [words for words in ALIGNMENTS if words.endswith(("exact", "--tolerance 1.5", "--places 31", "--places 13"))]


def ends(curves: dict[str, list[tuple[numpy.ndarray, numpy.ndarray]]]) -> tuple[float, float]:
    """The first and the last finite place that a point of any curve has."""
    places = numpy.concatenate([x for of_key in curves.values() for x, _ in of_key])
    places = places[numpy.isfinite(places)]
    return float(places.min()), float(places.max())


def aligned(
    project: Project, runs: list[Run], keys: list[str], axis: str, options: dict[str, Any], smooth: str | None = None
) -> tuple[numpy.ndarray, dict[str, list[models.Values]]]:
    """The places of the axis, and for each key the values of each run there."""
    curves = {key: [project.points(run, key, axis) for run in runs] for key in keys}
    if smooth:
        curves = {key: [(x, models.smoothed(y, smooth)) for x, y in of_key] for key, of_key in curves.items()}
    how, count = options["how"], options.get("places", 0)
    first, last = ends(curves)
    given = options.get("range", (None, None))
    first, last = (first if given[0] is None else given[0]), (last if given[1] is None else given[1])
    between = models.edges(first, last, count) if how == "buckets" else None
    if between is not None:
        places = between[:-1] + (between[1:] - between[:-1]) / 2
    elif count:
        places = models.edges(first, last, count - 1)
    else:
        places = numpy.unique(numpy.concatenate([x for x, _ in itertools.chain(*curves.values())]))

    def values(x: numpy.ndarray, y: numpy.ndarray) -> models.Values:
        if how == "exact":
            return models.exact(x, y, places)
        if how == "as_of":
            return models.as_of(x, y, places, options["direction"], options.get("tolerance"))
        if how == "linear":
            return models.linear(x, y, places)
        return models.buckets(x, y, between, options["value"])

    return places, {key: [values(x, y) for x, y in of_key] for key, of_key in curves.items()}


def axis_values(places: list[float], axis: str, options: dict[str, Any]) -> list[Any]:
    """Steps are whole numbers where they are those that were logged."""
    return [int(place) for place in places] if axis == "_step" and options["how"] == "exact" else [float(place) for place in places]


def groups_of(runs: list[Run], field: str | None) -> list[tuple[Any, list[int]]]:
    """The places of the runs that have equal values of a field: numbers ascending, then texts, then those without."""
    if field is None:
        return [(None, list(range(len(runs))))]
    groups: dict[Any, list[int]] = {}
    for at, run in enumerate(runs):
        values = (run.record["tags"] or [None]) if field == "tags" else [run.config.get(field.removeprefix("config."))]
        for value in values:
            groups.setdefault(value, []).append(at)
    rank = lambda value: (0, value, "") if isinstance(value, (int, float)) else (2, 0, "") if value is None else (1, 0, value)  # noqa: E731
    return sorted(groups.items(), key=lambda group: rank(group[0]))


def group_column(values: list[Any]) -> list[Any]:
    """A column has one type: integers, floats, else text."""
    there = [value for value in values if value is not None]
    if all(isinstance(value, int) for value in there):
        return values
    if all(isinstance(value, (int, float)) or value in SPECIAL for value in there):
        return [None if value is None else float(SPECIAL.get(value, value)) for value in values]
    return [value if value is None or isinstance(value, str) else json_text(value) for value in values]


def json_text(value: Any) -> str:
    """The canonical text of a number."""
    return str(int(value)) if float(value).is_integer() else repr(value)


def statistics_table(
    project: Project, runs: list[Run], keys: list[str], axis: str, options: dict[str, Any], field: str | None, smooth: str | None
) -> dict[str, list[Any]]:
    """The table of `stats`."""
    places, values = aligned(project, runs, keys, axis, options, smooth)
    groups, of_keys, at_places = [], [], []
    columns: dict[str, list[Any]] = {name: [] for name in STATISTICS.split(",")}
    for key in keys:
        for group, members in groups_of(runs, field):
            for at, place in enumerate(places):
                of_place = [values[key][run][at] for run in members if values[key][run][at] is not None]
                if not of_place:
                    continue
                groups.append(group)
                of_keys.append(key)
                at_places.append(place)
                for name, column in columns.items():
                    found = models.statistic(name, of_place, at, RESAMPLES, SEED)
                    column.append(int(found) if name in ("count", "nan") else found)
    table: dict[str, list[Any]] = {field: group_column(groups)} if field else {}
    if len(keys) > 1:
        table["key"] = of_keys
    return table | {axis: axis_values(at_places, axis, options)} | columns


def declare(checks: Checks, asker: Asker, project: Project, other: Project) -> None:
    """Declares the checks of one lake."""
    is_odd = project.name == "team/odd"
    metric, second = ("loss", "val.acc") if is_odd else ("train/loss", "val.acc")
    of_project = ["--project", project.name]
    whole = project.runs
    # A billion steps apart, most places would be empty.
    near = [run for run in whole if run.run_id not in ("sparse", "far")]
    only = lambda runs: ["--runs", ",".join(run.run_id for run in runs)]  # noqa: E731
    cases = [
        (near, [metric], "_step", "config.lr", None),
        (near, [metric, second], "epoch", "config.opt.name" if is_odd else "config.optimizer.name", None),
        # Each run has places of its own: many, for arithmetic in Python.
        (near[:8], [metric], "_runtime", "tags", "ema:0.8"),
        (near, [second], "_step", None, "rolling:3"),
    ]
    if is_odd:
        cases.append((near, ["loss", "flag"], "clock", "config.seed", None))
        cases.append((near, ["eval/top 5.größe"], "_step", "config.amp", "gaussian:1.5"))
    questions = [(*case, words) for at, case in enumerate(cases) for words in (ALIGNMENTS if at == 0 else FEW)]
    for runs, keys, axis, field, smooth, words in questions:

        @checks.check(f"stats of {', '.join(keys)} along {axis} by {field}, {words}{f', {smooth}' if smooth else ''}")
        def _() -> None:
            command = ["stats", *keys, "--x-axis", axis, "--statistics", STATISTICS, "--seed", str(SEED), "--resamples", str(RESAMPLES)]
            command += [*words.split(), *of_project, *only(runs)]
            command += (["--group-by", field] if field else []) + (["--smooth", smooth] if smooth else [])
            same_table(asker.table(*command), statistics_table(project, runs, keys, axis, ALIGNMENTS[words], field, smooth), words)

    for words, options in ((words, ALIGNMENTS[words]) for words in FEW):
        for wide, keys, axis in ((False, [metric, second], "_step"), (True, [metric], "epoch"), (True, [metric, second], "_runtime")):

            @checks.check(f"histories {words} of {', '.join(keys)} along {axis}{' as columns' if wide else ''}")
            def _() -> None:
                command = ["histories", project.name, "--keys", ",".join(keys), "--x-axis", axis, *words.split()]
                command += ["--wide"] if wide else []
                if words == "--align exact" and not wide:
                    command += ["--smooth", "ema:0.6"]
                places, values = aligned(project, whole, keys, axis, options, "ema:0.6" if "--smooth" in command else None)
                if wide:
                    any_there = [at for at in range(len(places)) if any(of_run[at] is not None for key in keys for of_run in values[key])]
                    wanted = {axis: axis_values([places[at] for at in any_there], axis, options)}
                    for key, (run, of_run) in ((key, pair) for key in keys for pair in zip(whole, values[key], strict=True)):
                        wanted[f"{key} {run.run_id}" if len(keys) > 1 else run.run_id] = [of_run[at] for at in any_there]
                else:
                    rows = [
                        (run.run_id, place, *(values[key][at_run][at] for key in keys))
                        for at_run, run in enumerate(whole)
                        for at, place in enumerate(places)
                        if any(values[key][at_run][at] is not None for key in keys)
                    ]
                    columns = list(zip(*rows, strict=True))
                    wanted = {"run_id": columns[0], axis: axis_values(list(columns[1]), axis, options)}
                    wanted |= dict(zip(keys, columns[2:], strict=True))
                same_table(asker.table(*command), wanted, words)

    third = "val.acc" if is_odd else "train/acc"
    for mine_keys, their_keys in (([metric, third], []), ([metric], [third]), ([third], [third, metric])):

        @checks.check(f"runs of two projects: {', '.join(mine_keys)} with {', '.join(their_keys) or 'the same'}")
        def _() -> None:
            sides = [mine_keys, their_keys or mine_keys]
            both = project.runs + other.runs
            points = lambda run, key: dict(zip(*models.last_logged(*project.points(run, key)), strict=True))  # noqa: E731
            curves = {key: [points(run, key) for run in both] for key in (metric, third)}
            rows = []
            for value, members in groups_of(both, "config.seed"):
                for pair in itertools.product(members, members):
                    if value is None or [both[run].project for run in pair] != [project.name, other.name]:
                        continue
                    of_any = [{place for key in keys for place in curves[key][run]} for run, keys in zip(pair, sides, strict=True)]
                    for place in sorted(of_any[0] & of_any[1]):
                        values = [curves[key][run].get(place) for run, keys in zip(pair, sides, strict=True) for key in keys]
                        rows.append((value, both[pair[0]].run_id, both[pair[1]].run_id, int(place), *values))
            names = ["config.seed", "run_id", "other_run_id", "_step", *sides[0], *(f"other {key}" for key in sides[1])]
            command = ["join", *mine_keys, "--with", other.name, "--on", "config.seed", *of_project]
            found = asker.table(*command, *(["--keys-of-other", ",".join(their_keys)] if their_keys else []))
            same_table(found, dict(zip(names, zip(*rows, strict=True), strict=True)))

    @checks.check("formats have the same numbers")
    def _() -> None:
        import io
        import json

        import pandas

        command = ["stats", metric, "--places", "17", "--statistics", "count,mean,std,max", *of_project, *only(near)]
        table = asker.table(*command).to_pydict()
        spelled = {name: [None if v is None else "NaN" if v != v else v for v in column] for name, column in table.items()}
        lines = json.loads(asker.call(*command, "--format", "json"))
        special = {math.inf: "Infinity", -math.inf: "-Infinity"}
        rows = [{name: special.get(column[at], column[at]) for name, column in spelled.items()} for at in range(len(lines))]
        equal(lines, rows)
        text = pandas.read_csv(io.StringIO(asker.call(*command, "--format", "csv")), keep_default_na=False, dtype=str)
        for name, column in table.items():
            for cell, value in zip(text[name], column, strict=True):
                holds(cell == "" if value is None else value != value and cell == "NaN" or float(cell) == value, (name, cell, value))
