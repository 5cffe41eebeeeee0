"""Published formulas that no package of the requirements has, written down once."""

from __future__ import annotations

import math

import numpy

MASK = (1 << 64) - 1


class SplitMix64:
    """The generator of <https://doi.org/10.1145/2714064.2660195>."""

    def __init__(self, state: int) -> None:
        self.state = state

    @classmethod
    def at(cls, seed: int, place: int) -> SplitMix64:
        """The generator of a seed at a place of an axis."""
        return cls(cls(seed).next() ^ cls(~place & MASK).next())

    def next(self) -> int:
        """The next 64 bits."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        mixed = ((self.state ^ (self.state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        return mixed ^ (mixed >> 31)

    def below(self, limit: int) -> int:
        """A whole number below a limit."""
        return (self.next() * limit) >> 64


def moving_average(y: list[float], weight: float) -> list[float]:
    """The exponential moving average of TensorBoard."""
    if all(value == y[0] for value in y):
        return list(y)
    last, count, made = 0.0, 0, []
    for value in y:
        if not math.isfinite(value):
            made.append(value)
            continue
        last = last * weight + (1 - weight) * value
        count += 1
        made.append(last / (1 - weight**count))
    return made


def largest_triangles(x: numpy.ndarray, y: numpy.ndarray, kept: int) -> list[int]:
    """Which points the thesis of Steinarsson keeps, part by part."""
    if kept >= len(x):
        return list(range(len(x)))
    starts = [1 + part * (len(x) - 2) // (kept - 2) for part in range(kept - 1)] + [len(x)]
    chosen = [0]
    for part in range(kept - 2):
        left = numpy.array([x[chosen[-1]], y[chosen[-1]]])
        ahead = slice(starts[part + 1], starts[part + 2])
        right = numpy.array([x[ahead].mean(), y[ahead].mean()])
        middle = numpy.stack([x[starts[part] : starts[part + 1]], y[starts[part] : starts[part + 1]]], axis=1)
        areas = numpy.abs((left[0] - right[0]) * (middle[:, 1] - left[1]) - (left[0] - middle[:, 0]) * (right[1] - left[1]))
        chosen.append(starts[part] + int(areas.argmax()))
    return [*chosen, len(x) - 1]
