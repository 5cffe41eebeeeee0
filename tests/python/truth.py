"""What the sample runs logged, and when a value that was read back is the one that was logged."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What the SDK adds to every row.
STAMPS = ("_step", "_runtime", "_timestamp")

DATA = Path(__file__).resolve().parents[2] / "data"


@dataclass
class Run:
    """One run of `truth.jsonl`; see `data/README.md`."""

    facts: dict[str, Any]
    rows: dict[int, dict[str, Any]]

    def __getattr__(self, name: str) -> Any:
        return self.facts[name]

    @property
    def state_in_lake(self) -> str:
        """A log without an end, long silent, is that of a crashed run."""
        return "crashed" if self.facts["state"] == "unfinished" else self.facts["state"]


def load(folder: str = "digits") -> dict[str, Run]:
    """The runs of a folder of `data`, by id."""
    lines = (DATA / folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    facts = [json.loads(line) for line in lines]
    return {
        run["run_id"]: Run(run, {entry["step"]: logged(entry["row"]) for entry in run["rows"]})
        for run in facts
    }


def logged(value: Any) -> Any:
    """A value of the truth as a reader may find it: floats for their tags, no nulls, no empty dicts."""
    if isinstance(value, dict):
        if "$float" in value:
            return float(value["$float"])
        if "$media" in value:
            return {"_type": value["$media"]}
        items = {key: logged(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not None and item != {}}
    if isinstance(value, list):
        return [logged(item) for item in value]
    return value


def read_back(value: Any) -> Any:
    """A value that was read, in the same form: no nulls in dicts, media by their type alone."""
    if isinstance(value, dict):
        if isinstance(value.get("_type"), str):
            return {"_type": value["_type"]}
        items = {key: read_back(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not None and item != {}}
    if isinstance(value, list):
        return [read_back(item) for item in value]
    return value


def row_of(row: dict[str, Any]) -> dict[str, Any]:
    """A row that was read, without the stamps."""
    return read_back({key: value for key, value in row.items() if key not in STAMPS})


def same(found: Any, wanted: Any, *, mixed: bool = False) -> bool:
    """Whether two values are the same.

    NaN is NaN and may be the string that W&B writes for it, as may the infinities; -0.0 is not 0.0, true is not 1, integers
    are exact. Where `mixed`, a value may be JSON text, which is how an export holds a column of several types.
    """
    if mixed and isinstance(found, str) and found != wanted:
        return same(json.loads(found), wanted)
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict)
            and found.keys() == wanted.keys()
            and all(same(found[key], wanted[key], mixed=mixed) for key in wanted)
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(same(one, other, mixed=mixed) for one, other in zip(found, wanted))
        )
    if isinstance(wanted, float) and not math.isfinite(wanted):
        if isinstance(found, str) and found in ("NaN", "Infinity", "-Infinity"):
            found = float(found)
        return isinstance(found, float) and str(found) == str(wanted)
    if wanted is None or isinstance(wanted, (bool, str)) or isinstance(found, (bool, str)):
        return type(found) is type(wanted) and found == wanted
    if not isinstance(found, (int, float)) or found != wanted:
        return False
    return math.copysign(1.0, found) == math.copysign(1.0, wanted)


def compare_rows(run: Run, found: dict[int, dict[str, Any]], *, mixed: bool = False) -> None:
    """Fails unless `found`, rows by step, are those that `run` logged, or some of them where its log is damaged."""
    wrong = [
        f"{run.run_id}, step {step}:\n  found  {row}\n  wanted {run.rows.get(step)}"
        for step, row in found.items()
        if step not in run.rows or not same(row, run.rows[step], mixed=mixed)
    ]
    if run.complete and found.keys() != run.rows.keys():
        missing = sorted(run.rows.keys() - found.keys())
        wrong.append(f"{run.run_id}: {len(found)} rows of {len(run.rows)}; missing are the steps {missing}")
    if not run.complete and not found:
        wrong.append(f"{run.run_id}: no row was read")
    if wrong:
        raise AssertionError("\n".join(wrong[:3] + [f"{len(wrong)} differences"]))


def by_step(rows: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Rows by step, without stamps. Fails when a row has no stamps, or steps do not ascend."""
    steps = [row.get("_step") for row in rows]
    if any(stamp not in row for row in rows for stamp in STAMPS):
        raise AssertionError(f"a row has no stamps: {rows[:2]}")
    if steps != sorted(set(steps)):
        raise AssertionError(f"steps are not ascending, or not once: {steps}")
    return {row["_step"]: row_of(row) for row in rows}
