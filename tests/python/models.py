"""Arithmetic on curves by pandas, NumPy and SciPy, with None where there is no value: what the answers of questions are held against."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy
import pandas
import scipy.ndimage
import scipy.stats
from curve_formulas import SplitMix64, moving_average

Values = list[float | None]


def last_logged(x: numpy.ndarray, y: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The last point of each place."""
    frame = pandas.DataFrame({"x": x, "y": y}, dtype=float).drop_duplicates("x", keep="last")
    return frame["x"].to_numpy(), frame["y"].to_numpy()


def exact(x: numpy.ndarray, y: numpy.ndarray, places: numpy.ndarray) -> Values:
    """What lies exactly there."""
    at = dict(zip(*last_logged(x, y), strict=True))
    return [at.get(place) for place in places]


def as_of(x: numpy.ndarray, y: numpy.ndarray, places: Any, direction: str, tolerance: float | None) -> Values:
    """The nearest in a direction. Places may stand in any order; a place that is NaN has none."""
    x, y = last_logged(x, y)
    if len(x) == 0:
        return [None] * len(places)
    left = pandas.DataFrame({"x": numpy.array(places, dtype=float), "place": numpy.arange(len(places))}).dropna().sort_values("x")
    right = pandas.DataFrame({"x": x, "at": numpy.arange(len(x), dtype=float)}, dtype=float)
    found = pandas.merge_asof(left, right, on="x", direction=direction, tolerance=tolerance)
    at = found.dropna().set_index("place")["at"].to_dict()
    return [float(y[int(at[place])]) if place in at else None for place in range(len(places))]


def linear(x: numpy.ndarray, y: numpy.ndarray, places: numpy.ndarray) -> Values:
    """Straight lines between finite places."""
    x, y = last_logged(x, y)
    x, y = x[numpy.isfinite(x)], y[numpy.isfinite(x)]
    if len(x) == 0:
        return [None] * len(places)
    lines = numpy.interp(places, x, y)
    return [float(line) if x[0] <= place <= x[-1] else None for line, place in zip(lines, places, strict=True)]


def edges(first: float, last: float, count: int) -> numpy.ndarray:
    """The edges of even stretches."""
    if first == last:
        return numpy.array([first, last])
    inner = first + (last - first) * numpy.arange(count + 1) / count
    inner[-1] = last
    return inner


def buckets(x: numpy.ndarray, y: numpy.ndarray, between: numpy.ndarray, value: str) -> Values:
    """One number for each stretch."""
    count = len(between) - 1
    points = pandas.DataFrame({"x": x, "y": y}, dtype=float)
    points = points[(points["x"] >= between[0]) & (points["x"] <= between[-1])]
    points = points.assign(bucket=numpy.clip(numpy.digitize(points["x"], between) - 1, 0, count - 1))
    made: Values = []
    for bucket in range(count):
        of_bucket = points.loc[points["bucket"] == bucket, "y"].to_numpy()
        numbers = of_bucket[~numpy.isnan(of_bucket)]
        if value == "count":
            made.append(float(len(numbers)))
        elif not len(of_bucket):
            made.append(None)
        elif value in ("first", "last"):
            made.append(float(of_bucket[0 if value == "first" else -1]))
        else:
            made.append(float(getattr(numpy, value)(numbers)) if len(numbers) else math.nan)
    return made


def smoothed(y: numpy.ndarray, how: str) -> numpy.ndarray:
    """Smoothed as `ema:0.9`, `rolling:5` or `gaussian:2` says."""
    name, parameter = how.split(":")
    if name == "ema":
        return numpy.array(moving_average(list(y), float(parameter)))
    if name == "rolling":
        return pandas.Series(y, dtype=float).rolling(int(parameter), min_periods=1).mean().to_numpy()
    if not len(y):
        return y
    # NaN is left out: the bell over what is there, divided by the bell over where something is.
    there = ~numpy.isnan(y)
    bell = lambda values: scipy.ndimage.gaussian_filter1d(values, float(parameter), mode="nearest", truncate=4.0)  # noqa: E731
    with numpy.errstate(all="ignore"):
        return bell(numpy.where(there, y, 0.0)) / bell(there.astype(float))


def statistic(name: str, values: list[float], place: int, resamples: int, seed: int) -> float | None:
    """A statistic of the values at one place, NaN among them."""
    numbers = numpy.array([value for value in values if not math.isnan(value)])
    if name == "count":
        return float(len(numbers))
    if name == "nan":
        return float(len(values) - len(numbers))
    if not values:
        return None
    if not len(numbers):
        return math.nan
    if name in ("std", "sem") or name.startswith("ci"):
        if len(numbers) < 2:
            return None
        if name == "std":
            return float(pandas.Series(numbers).std())
        if name == "sem":
            return float(scipy.stats.sem(numbers))
        return bootstrap(name, sorted(numbers), place, resamples, seed)
    if name == "iqm":
        return float(scipy.stats.trim_mean(numbers, 0.25))
    if name == "median":
        return float(numpy.median(numbers))
    if name.startswith("p"):
        return quantile(numbers, float(name[1:]) / 100)
    if name.startswith("q"):
        return quantile(numbers, float(name[1:]))
    return float(getattr(numpy, name)(numbers))


def quantile(numbers: numpy.ndarray, share: float) -> float:
    """The quantile on the straight line between two values; beside an infinity NumPy has NaN where a value is hit exactly."""
    if numpy.isfinite(numbers).all():
        return float(numpy.quantile(numbers, share))
    ordered = numpy.sort(numbers)
    low, rest = divmod((len(ordered) - 1) * share, 1.0)
    low_value, high_value = float(ordered[int(low)]), float(ordered[min(int(low) + 1, len(ordered) - 1)])
    return low_value if rest == 0.0 or low_value == high_value else low_value + (high_value - low_value) * rest


@functools.cache
def drawn_means(numbers: tuple[float, ...], place: int, resamples: int, seed: int) -> numpy.ndarray:
    """The means of the documented draws."""
    random = SplitMix64.at(seed, place)
    return numpy.array([numpy.mean([numbers[random.below(len(numbers))] for _ in numbers]) for _ in range(resamples)])


def bootstrap(name: str, numbers: list[float], place: int, resamples: int, seed: int) -> float:
    """A bound such as `ci95.low`, by the documented draws."""
    means = drawn_means(tuple(numbers), place, resamples, seed)
    outside = (1 - float(name[2:].rsplit(".", 1)[0]) / 100) / 2
    return quantile(means, outside if name.endswith(".low") else 1 - outside)
