"""Arithmetic on curves, computed once more by those whose definitions it follows.

    python curve_reference.py QUESTIONS.json

The file has random questions and the answers of `runlake-curves`. Each check computes the answers with NumPy, SciPy, pandas or DuckDB, or by a
published formula, and compares: exactly where nothing is rounded, to 12 digits elsewhere.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy
import pandas
import scipy.ndimage
import scipy.stats
from checks import Checks, equal, holds
from curve_formulas import SplitMix64, largest_triangles, moving_average

# Means of nothing and correlations with a constant are asked for on purpose.
warnings.simplefilter("ignore")
checks = Checks()


def decoded(value: Any) -> Any:
    """Floats are text in the file, since JSON has no NaN."""
    if isinstance(value, str):
        return float(value)
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if isinstance(value, dict):
        return {key: decoded(item) for key, item in value.items()}
    return value


questions: dict[str, list[dict[str, Any]]] = decoded(json.loads(Path(sys.argv[1]).read_text()))


def asked(name: str) -> Iterator[dict[str, Any]]:
    """The questions of a kind, of which there must be some."""
    holds(questions[name], f"there are no questions in {name}")
    yield from questions[name]


def same(found: list[float | None], wanted: list[float | None], what: str = "", relative: float = 0.0) -> None:
    """Fails unless all values are the same: None and None, NaN and NaN, numbers to within a share of the largest about them."""
    equal(len(found), len(wanted), what)
    finite = [abs(value) for value in wanted if value is not None and math.isfinite(value)]
    scale = max(finite, default=0.0)
    for at, (mine, theirs) in enumerate(zip(found, wanted, strict=True)):
        theirs = None if theirs is None else float(theirs)
        if mine == theirs:
            continue
        is_there = mine is not None and theirs is not None
        is_near = is_there and (math.isnan(mine) and math.isnan(theirs) or abs(mine - theirs) <= relative * scale)
        holds(is_near, f"{what} at {at}: {mine!r}, not {theirs!r}")


def distinct(curve: list[list[float]]) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The last logged point of each x."""
    frame = pandas.DataFrame({"x": curve[0], "y": curve[1]}, dtype=float).drop_duplicates("x", keep="last")
    return frame["x"].to_numpy(), frame["y"].to_numpy()


@checks.check("unions of axes: numpy.unique")
def _() -> None:
    for question in asked("alignments"):
        same(question["union"], list(numpy.unique(numpy.concatenate([curve[0] for curve in question["curves"]]))))


@checks.check("exact hits and as of: pandas.merge_asof")
def _() -> None:
    for question in asked("alignments"):
        x, y = distinct(question["curves"][0])
        left = pandas.DataFrame({"x": question["grid"]}, dtype=float)
        right = pandas.DataFrame({"x": x, "at": numpy.arange(len(x), dtype=float)}, dtype=float)

        def merged(direction: str, tolerance: float | None) -> list[float | None]:
            found = pandas.merge_asof(left, right, on="x", direction=direction, tolerance=tolerance)["at"]
            return [None if math.isnan(at) else y[int(at)] for at in found]

        for direction in ("backward", "forward", "nearest"):
            for found, tolerance in zip(question[direction], (None, question["tolerance"]), strict=True):
                same(found, merged(direction, tolerance), f"{direction} {tolerance}")
        hits = left.merge(right, on="x", how="left")["at"]
        same(question["exact"], [None if math.isnan(at) else y[int(at)] for at in hits], "exact")


@checks.check("straight lines: numpy.interp")
def _() -> None:
    for question in asked("alignments"):
        x, y = distinct(question["curves"][0])
        is_inside = [len(x) > 0 and x[0] <= place <= x[-1] for place in question["grid"]]
        lines = numpy.interp(question["grid"], x, y) if len(x) else question["grid"]
        same(question["linear"], [line if inside else None for line, inside in zip(lines, is_inside, strict=True)], "linear", 1e-12)


@checks.check("even grids and edges: numpy.linspace")
def _() -> None:
    for question in asked("alignments"):
        for found in (question["even_grid"], question["edges"]):
            same(found, list(numpy.linspace(*question["ends"], len(found))), "grid", 1e-12)


@checks.check("buckets: numpy.histogram and pandas.groupby")
def _() -> None:
    for question in asked("alignments"):
        edges = numpy.array(question["edges"])
        count = len(edges) - 1
        points = pandas.DataFrame({"x": question["curves"][0][0], "y": question["curves"][0][1]}, dtype=float)
        points = points[(points["x"] >= edges[0]) & (points["x"] <= edges[-1])]
        numbers = points.dropna()
        histogram = numpy.histogram(numbers["x"], bins=edges)[0]
        same(question["buckets"]["count"], list(histogram), "count")
        same(question["buckets"]["nan"], list(numpy.histogram(points["x"], bins=edges)[0] - histogram), "nan")

        def bucket_of(frame: pandas.DataFrame) -> numpy.ndarray:
            return numpy.minimum(numpy.digitize(frame["x"], edges) - 1, count - 1)

        filled = set(bucket_of(points))
        for name in ("mean", "min", "max"):
            groups = numbers.groupby(bucket_of(numbers))["y"].agg(name)
            wanted = [groups.get(bucket, math.nan) if bucket in filled else None for bucket in range(count)]
            same(question["buckets"][name], wanted, name, 1e-12 if name == "mean" else 0.0)
        for name, at in (("first", 0), ("last", -1)):
            groups = points.groupby(bucket_of(points))["y"].agg(lambda group: group.iloc[at])
            same(question["buckets"][name], [groups.get(bucket) for bucket in range(count)], name)


def statistics(name: str, of: Callable[[numpy.ndarray], float], least: int = 1, relative: float = 1e-12) -> None:
    """Compares a statistic of what is not NaN. With fewer values there is none; with NaN alone it is NaN."""
    for question in asked("statistics"):
        values = numpy.array(question["values"], dtype=float)
        numbers = values[~numpy.isnan(values)]
        wanted = None
        if len(values) and not len(numbers):
            wanted = math.nan
        elif len(numbers) >= least:
            wanted = float(of(numbers))
        scale = float(numpy.abs(numbers).max(initial=0.0))
        same([question["found"][name], scale], [wanted, scale], name, relative)


def in_duckdb(expression: str) -> Callable[[numpy.ndarray], float]:
    """A statistic of a column `y`."""

    def compute(numbers: numpy.ndarray) -> float:
        column_of_y = pandas.DataFrame({"y": numbers})  # noqa: F841 - DuckDB finds it by its name
        return duckdb.sql(f"SELECT {expression} FROM column_of_y").fetchall()[0][0]

    return compute


@checks.check("counts")
def _() -> None:
    for question in asked("statistics"):
        values = numpy.array(question["values"], dtype=float)
        nans = int(numpy.isnan(values).sum())
        equal((question["found"]["count"], question["found"]["nan"]), (len(values) - nans, nans))


@checks.check("mean, least and greatest: NumPy")
def _() -> None:
    statistics("mean", numpy.mean)
    statistics("min", numpy.min, relative=0.0)
    statistics("max", numpy.max, relative=0.0)


@checks.check("standard deviation and error: pandas, SciPy and DuckDB")
def _() -> None:
    statistics("std", lambda numbers: pandas.Series(numbers).std(), 2)
    statistics("std", in_duckdb("stddev_samp(y)"), 2, 1e-9)
    statistics("sem", scipy.stats.sem, 2)


@checks.check("quantiles: NumPy, pandas and DuckDB")
def _() -> None:
    for name, share in (("median", 0.5), ("p05", 0.05), ("p95", 0.95), ("q0.333", 0.333)):
        statistics(name, lambda numbers: numpy.quantile(numbers, share))
        statistics(name, lambda numbers: pandas.Series(numbers).quantile(share))
        statistics(name, in_duckdb(f"quantile_cont(y, {share})"))


@checks.check("mean of the middle half: scipy.stats.trim_mean")
def _() -> None:
    statistics("iqm", lambda numbers: scipy.stats.trim_mean(numbers, 0.25))


@checks.check("intervals of confidence: the documented draws, and numpy.quantile of their means")
def _() -> None:
    for question in asked("statistics"):
        numbers = sorted(value for value in question["values"] if not math.isnan(value))
        if len(numbers) < 2:
            holds(question["found"]["ci95.low"] is None or math.isnan(question["found"]["ci95.low"]))
            continue
        random = SplitMix64.at(0, question["place"])
        means = [numpy.mean([numbers[random.below(len(numbers))] for _ in numbers]) for _ in range(1_000)]
        bounds = [question["found"]["ci95.low"], question["found"]["ci95.high"]]
        same(bounds, list(numpy.quantile(means, [0.025, 0.975])), "bounds", 1e-12)


@checks.check("intervals of confidence: scipy.stats.bootstrap draws others about as wide")
def _() -> None:
    widths = []
    for question in asked("statistics"):
        numbers = [value for value in question["values"] if not math.isnan(value)]
        if len(set(numbers)) > 9:
            drawn = scipy.stats.bootstrap((numbers,), numpy.mean, n_resamples=1_000, method="percentile", random_state=1)
            theirs = drawn.confidence_interval
            mine = question["found"]["ci95.high"] - question["found"]["ci95.low"]
            widths.append(mine / (theirs.high - theirs.low))
    holds(len(widths) > 10 and all(0.7 < width < 1.4 for width in widths), widths)


@checks.check("exponential moving averages: TensorBoard's formula")
def _() -> None:
    for question in asked("smoothed"):
        same(question["ema"], moving_average(question["y"], question["weight"]), "ema", 1e-12)


@checks.check("exponential moving averages by distance: the formula in the documentation of W&B")
def _() -> None:
    for question in asked("smoothed"):
        last, debias, before, wanted = 0.0, 0.0, None, []
        for x, y in zip(question["x"], question["y"], strict=True):
            if math.isnan(y):
                wanted.append(y)
                continue
            decay = question["weight"] ** ((x - before) / question["step"]) if before is not None else 1.0
            last, debias, before = last * decay + y, debias * decay + 1, x
            wanted.append(last / debias)
        same(question["time_weighted_ema"], wanted, "time weighted", 1e-12)


@checks.check("rolling means: pandas.rolling")
def _() -> None:
    for question in asked("smoothed"):
        wanted = pandas.Series(question["y"], dtype=float).rolling(question["window"], min_periods=1).mean()
        same(question["rolling_mean"], list(wanted), "rolling", 1e-12)


@checks.check("bells: scipy.ndimage.gaussian_filter1d")
def _() -> None:
    for question in asked("smoothed"):
        if question["finite"]:
            wanted = scipy.ndimage.gaussian_filter1d(question["finite"], question["sigma"], mode="nearest", truncate=4.0)
            same(question["gaussian"], list(wanted), "gaussian", 1e-12)


@checks.check("areas: numpy.trapezoid")
def _() -> None:
    for question in asked("outcomes"):
        points = pandas.DataFrame({"x": question["x"], "y": question["y"]}, dtype=float).dropna()
        wanted = float(numpy.trapezoid(points["y"], points["x"])) if len(points) else None
        scale = float((points["y"].abs().max() or 1.0) * 20.0) if len(points) else 1.0
        same([question["area"], scale], [wanted, scale], "area", 1e-12)


@checks.check("best points: numpy.nanargmin and nanargmax")
def _() -> None:
    for question in asked("outcomes"):
        y = numpy.array(question["y"], dtype=float)
        has_numbers = not numpy.isnan(y).all()
        wanted = [int(numpy.nanargmin(y)), int(numpy.nanargmax(y))] if has_numbers else [None, None]
        equal(question["best"], wanted)


@checks.check("correlations: scipy.stats.pearsonr and spearmanr")
def _() -> None:
    for question in asked("outcomes"):
        pairs = pandas.DataFrame(list(zip(question["a"], question["b"])), columns=["a", "b"], dtype=float).dropna()
        for name, of in (("pearson", scipy.stats.pearsonr), ("spearman", scipy.stats.spearmanr)):
            if pairs["a"].nunique() < 2 or pairs["b"].nunique() < 2:
                equal(question[name], None)
            else:
                same([question[name], 1.0], [of(pairs["a"], pairs["b"]).statistic, 1.0], name, 1e-12)


@checks.check("outliers: scipy.stats.median_abs_deviation, and quartiles of NumPy")
def _() -> None:
    for question in asked("outcomes"):
        values = numpy.array(question["b"], dtype=float)
        numbers = values[~numpy.isnan(values)]
        if not len(numbers):
            equal((question["outliers"], question["beyond_fences"]), ([], []))
            continue
        deviation = scipy.stats.median_abs_deviation(numbers)
        spread = deviation / 0.6745 if deviation else 1.2533 * numpy.abs(numbers - numpy.median(numbers)).mean()
        equal(question["outliers"], [int(at) for at in numpy.flatnonzero(numpy.abs(values - numpy.median(numbers)) > 3.5 * spread)])
        first, third = numpy.quantile(numbers, [0.25, 0.75])
        reach = 1.5 * (third - first)
        equal(question["beyond_fences"], [int(at) for at in numpy.flatnonzero((values < first - reach) | (values > third + reach))])


@checks.check("largest triangles: the thesis, part by part")
def _() -> None:
    for question in asked("samples"):
        x, y = numpy.array(question["x"]), numpy.array(question["y"])
        equal(question["largest_triangle"], largest_triangles(x, y, question["kept"]))


checks.finish()
