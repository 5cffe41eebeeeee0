"""A lake in the hands of other engines: the same rows, types and values, from columns that any Parquet reader has.

    python readers.py LAKE deltalake | duckdb | polars | polars-delta | pyarrow
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import deltalake
import duckdb
import polars
import pyarrow
import pyarrow.dataset
import pyarrow.parquet
import lake_rows
import truth
from checks import Checks, equal, holds
from urllib.parse import quote

LAKE = Path(sys.argv[1])
READER = sys.argv[2]
checks = Checks()
runs = truth.load()
PARTITION = {"entity": "runlake", "project": "digits"}


def read_deltalake(table: str, where: dict[str, str]) -> pyarrow.Table:
    """Through the Delta log, into Arrow."""
    filters = [(column, "=", value) for column, value in where.items()]
    return deltalake.DeltaTable(LAKE / table).to_pyarrow_table(filters=filters)


def read_duckdb(table: str, where: dict[str, str]) -> pyarrow.Table:
    """Through the folders, into Arrow."""
    files = str(LAKE / table / "*" / "*" / "*.parquet")
    condition = " AND ".join(f"{column} = '{value}'" for column, value in where.items())
    # SQL ignores the case of names, and the names of a lake differ by more than case.
    query = f"SELECT * FROM read_parquet('{files}', hive_partitioning = true, union_by_name = true) WHERE {condition}"
    return duckdb.sql(query).to_arrow_table()


def read_polars(table: str, where: dict[str, str]) -> pyarrow.Table:
    """Through the folders, into a Polars frame."""
    # Polars takes the columns of the first file, so only files of one entity are read: their runs share one file.
    entity = quote(where["entity"], safe="") if "entity" in where else "*"
    files = LAKE / table / f"entity={entity}" / "*" / "*.parquet"
    frame = polars.scan_parquet(files, hive_partitioning=True, missing_columns="insert", extra_columns="ignore")
    for column, value in where.items():
        frame = frame.filter(polars.col(column) == value)
    return frame.collect().to_arrow()


def read_polars_delta(table: str, where: dict[str, str]) -> pyarrow.Table:
    """Through the Delta log, into a Polars frame."""
    frame = polars.scan_delta(str(LAKE / table))
    for column, value in where.items():
        frame = frame.filter(polars.col(column) == value)
    return frame.collect().to_arrow()


def read_pyarrow(table: str, where: dict[str, str]) -> pyarrow.Table:
    """Through the folders, with Arrow's own reader and the union of the files' columns."""
    files = sorted((LAKE / table).rglob("*.parquet"))
    schema = pyarrow.unify_schemas([pyarrow.parquet.read_schema(file) for file in files])
    for column in where:
        schema = schema.append(pyarrow.field(column, pyarrow.string()))
    dataset = pyarrow.dataset.dataset(LAKE / table, schema=schema, partitioning="hive", exclude_invalid_files=True)
    condition = pyarrow.dataset.scalar(True)
    for column, value in where.items():
        condition = condition & (pyarrow.dataset.field(column) == value)
    return dataset.to_table(filter=condition)


READERS: dict[str, Callable[[str, dict[str, str]], pyarrow.Table]] = {
    "deltalake": read_deltalake,
    "duckdb": read_duckdb,
    "polars": read_polars,
    "polars-delta": read_polars_delta,
    "pyarrow": read_pyarrow,
}
read = READERS[READER]


METRICS = lake_rows.metric_paths(LAKE)


histories = read("histories", PARTITION)


@checks.check("histories: every row of every run, value for value")
def _() -> None:
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for stored in histories.to_pylist():
        found.setdefault(stored["run_id"], {})[stored["_step"]] = lake_rows.rebuild(stored, METRICS)
    for run_id, run in runs.items():
        if run.rows:
            truth.compare_rows(run, found[run_id])
    equal(sorted(found), sorted(run_id for run_id, run in runs.items() if run.rows))


@checks.check("histories: the columns have the types that the data model says")
def _() -> None:
    wanted = {"number": "double", "boolean": "bool", "string": "string", "json": "string"}
    plain = {"large_string": "string", "string_view": "string"}
    types = {field.name: plain.get(str(field.type), str(field.type)) for field in histories.schema}
    equal({name: types[name] for name in METRICS}, {name: wanted[kind] for name, (kind, _) in METRICS.items()})
    fixed = {"_step": "int64", "_timestamp": "double", "_runtime": "double", "run_id": "string", "_rescued_data": "string"}
    equal({name: types[name] for name in fixed}, fixed)


@checks.check("histories: NaN, the infinities and null are four things")
def _() -> None:
    special = {row["_step"]: row["special"] for row in histories.to_pylist() if row["run_id"] == "values"}
    equal([str(special[step]) for step in range(5)], ["nan", "inf", "-inf", "None", "1.0"])


@checks.check("histories: names are unique whatever the case")
def _() -> None:
    names = [name.lower() for name in histories.column_names]
    equal(len(set(names)), len(names))


@checks.check("histories: the partition columns")
def _() -> None:
    for column, value in PARTITION.items():
        equal(set(histories.column(column).to_pylist()), {value})


@checks.check("names with spaces and other letters")
def _() -> None:
    rows = read("histories", {"entity": "my team", "project": "größe 1"}).to_pylist()
    truth.compare_rows(runs["sparse"], {row["_step"]: lake_rows.rebuild(row, METRICS) for row in rows})


@checks.check("runs: one row a run, with times and lists")
def _() -> None:
    found = {row["run_id"]: row for row in read("runs", PARTITION).to_pylist()}
    equal(sorted(found), sorted(runs))
    for run_id, run in runs.items():
        row = found[run_id]
        equal((row["display_name"], row["state"], row["group"]), (run.display_name, run.state_in_lake, run.group), run_id)
        equal(sorted(row["tags"]), sorted(run.tags), run_id)
        equal(json.loads(row["config"]), run.config, run_id)
        equal(row["created_at"].utcoffset().total_seconds(), 0)


@checks.check("system_metrics: numbers by time")
def _() -> None:
    table = read("system_metrics", PARTITION)
    holds(table.num_rows)
    metrics = [field for field in table.schema if field.name.startswith("system.")]
    holds(metrics)
    equal({str(field.type) for field in metrics}, {"double"})


checks.finish(at_once=True)
