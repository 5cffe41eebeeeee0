"""Answers of the `runlake` command, and how they are held against what was computed otherwise."""

from __future__ import annotations

import math
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
from checks import equal, holds

# How far floats may lie apart, as a share of themselves; and of the largest about them, where sums cancel out.
RELATIVE, OF_LARGEST = 1e-9, 1e-13


class Asker:
    """Asks questions of one lake."""

    def __init__(self, runlake: str, lake: Path) -> None:
        self._runlake = runlake
        self._lake = lake
        self._folder = tempfile.TemporaryDirectory()
        self._count = 0

    def call(self, *arguments: str) -> str:
        """What a call prints; it must end well."""
        command = [self._runlake, *arguments, "--lake", str(self._lake)]
        output = subprocess.run(command, capture_output=True, text=True, check=False)
        if output.returncode:
            raise AssertionError(f"{arguments} ended with {output.returncode}: {output.stderr}")
        return output.stdout

    def table(self, *arguments: str) -> pyarrow.Table:
        """The answer as Parquet holds it."""
        self._count += 1
        file = Path(self._folder.name) / f"{self._count}.parquet"
        self.call(*arguments, "--output", str(file))
        return pyarrow.parquet.read_table(file)

    def refused(self, *arguments: str) -> tuple[int, str]:
        """The exit code of a call that must not end well, and what it says."""
        command = [self._runlake, *arguments, "--lake", str(self._lake)]
        output = subprocess.run(command, capture_output=True, text=True, check=False)
        holds(output.returncode, f"{arguments} ended well:\n{output.stdout}")
        return output.returncode, output.stderr


def same_value(found: Any, wanted: Any, scale: float) -> bool:
    """Whether two values are the same: None and None, NaN and NaN, floats nearly."""
    if found is None or wanted is None:
        return found is wanted
    if isinstance(found, float) and isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        if found == wanted or (math.isnan(found) and math.isnan(wanted)):
            return True
        return math.isfinite(found) and abs(found - wanted) <= max(RELATIVE * abs(wanted), OF_LARGEST * scale)
    return type(found) is type(wanted) and found == wanted


def same_table(found: pyarrow.Table, wanted: dict[str, Sequence[Any]], what: str = "") -> None:
    """Fails unless the table has these columns in this order with these values, of which there must be some."""
    equal(found.column_names, list(wanted), f"{what}: columns")
    for name, values in wanted.items():
        column = found.column(name).to_pylist()
        values = [value.item() if hasattr(value, "item") else value for value in values]
        holds(values, f"{what}: nothing is wanted in {name}")
        equal(len(column), len(values), f"{what}: rows of {name}")
        scale = max((abs(value) for value in values if isinstance(value, float) and math.isfinite(value)), default=0.0)
        for at, (mine, theirs) in enumerate(zip(column, values, strict=True)):
            if not same_value(mine, theirs, scale):
                row = {other: found.column(other)[at].as_py() for other in found.column_names[:6]}
                raise AssertionError(f"{what}: {name} in row {at} is {mine!r}, not {theirs!r}; the row is {row}")
