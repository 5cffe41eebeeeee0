"""An answer of `runlake query` in every format, in the hands of the readers that people have.

    python answers.py RUNLAKE LAKE
"""

from __future__ import annotations

import json
import math
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import pandas
import polars
import pyarrow.csv
import pyarrow.dataset
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet
from checks import Checks, equal, holds

RUNLAKE = sys.argv[1]
LAKE = sys.argv[2]
FOLDER = Path(tempfile.mkdtemp())
checks = Checks()

# Special values, an integer that floats do not hold, the empty string beside null, quotes, line ends and letters.
SQL = """
    SELECT _step AS step, special, CAST(_step AS BIGINT) + 9007199254740993 AS big, 0.1 + CAST(_step AS DOUBLE) AS tenth,
           CASE _step WHEN 0 THEN '' WHEN 1 THEN 'a,"b"' WHEN 2 THEN 'größe 学習 🦀' WHEN 3 THEN 'NaN' END AS text
    FROM histories WHERE run_id = 'values' AND _step < 5 ORDER BY _step
"""
WANTED = {
    "step": [0, 1, 2, 3, 4],
    "special": ["nan", "inf", "-inf", None, 1.0],
    "big": [9007199254740993 + step for step in range(5)],
    "tenth": [0.1 + step for step in range(5)],
    "text": ["", 'a,"b"', "größe 学習 🦀", "NaN", None],
}


def call(sql: str, *more: str) -> list[str]:
    return [RUNLAKE, "query", sql, "--lake", LAKE, "--project", "runlake/digits", *more]


def write(name: str, sql: str = SQL, *more: str) -> Path:
    """The answer in a file, whose name says the format."""
    path = FOLDER / name
    subprocess.run(call(sql, "--output", str(path), *more), check=True, capture_output=True)
    return path


def plain(value: Any) -> Any:
    """A value of any reader; special floats by name."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def same(found: dict[str, list[Any]]) -> None:
    equal(list(found), list(WANTED))
    for name, wanted in WANTED.items():
        equal([plain(value) for value in found[name]], wanted, name)


@checks.check("Parquet: pyarrow, Polars, DuckDB and pandas")
def _() -> None:
    path = write("answer.parquet")
    same(pyarrow.parquet.read_table(path).to_pydict())
    same(polars.read_parquet(path).to_dict(as_series=False))
    same(duckdb.sql(f"SELECT * FROM '{path}'").to_arrow_table().to_pydict())
    frame = pandas.read_parquet(path, dtype_backend="pyarrow")
    equal(frame["big"].tolist(), WANTED["big"])


@checks.check("Parquet says where it came from")
def _() -> None:
    metadata = pyarrow.parquet.read_metadata(write("origin.parquet")).metadata
    for key in ["runlake.version", "runlake.lake", "runlake.lake_version", "runlake.question"]:
        holds(metadata.get(key.encode()), f"{key} in {metadata}")


@checks.check("Arrow files and streams: pyarrow, Polars and pandas")
def _() -> None:
    path = write("answer.arrow")
    same(pyarrow.feather.read_table(path).to_pydict())
    same(polars.read_ipc(path).to_dict(as_series=False))
    equal(pandas.read_feather(path, dtype_backend="pyarrow")["big"].tolist(), WANTED["big"])
    with pyarrow.ipc.open_stream(write("answer.arrows").read_bytes()) as reader:
        same(reader.read_all().to_pydict())


@checks.check("CSV: DuckDB, Polars, pyarrow and pandas")
def _() -> None:
    path = write("answer.csv")
    columns = "{'step': 'BIGINT', 'special': 'DOUBLE', 'big': 'BIGINT', 'tenth': 'DOUBLE', 'text': 'VARCHAR'}"
    found = duckdb.sql(f"SELECT * FROM read_csv('{path}', header = true, columns = {columns}, allow_quoted_nulls = false)")
    same(found.to_arrow_table().to_pydict())
    options = pyarrow.csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""])
    same(pyarrow.csv.read_csv(path, convert_options=options).to_pydict())
    numbers = {name: WANTED[name] for name in ["step", "special", "big", "tenth"]}
    # Polars does not guess that `Infinity` is a number.
    special = {"special": polars.Float64}
    for found in [polars.read_csv(path, schema_overrides=special).to_dict(as_series=False), pandas.read_csv(path)]:
        for name, wanted in numbers.items():
            values = [plain(value) for value in found[name]]
            # pandas has one NaN for both.
            equal(values, ["nan" if value is None and not isinstance(found, dict) else value for value in wanted], name)


@checks.check("JSON and NDJSON: the same rows, special floats by name")
def _() -> None:
    rows = json.loads(write("answer.json").read_text())
    equal([json.loads(line) for line in write("answer.ndjson").read_text().splitlines()], rows)
    equal(list(rows[0]), list(WANTED), "the order of the columns")
    equal([row["special"] for row in rows], ["NaN", "Infinity", "-Infinity", None, 1.0])
    for name in ["step", "big", "tenth", "text"]:
        equal([row[name] for row in rows], WANTED[name], name)
    equal(duckdb.sql(f"SELECT big FROM '{FOLDER / 'answer.ndjson'}'").to_arrow_table().to_pydict()["big"], WANTED["big"])


@checks.check("partitions: DuckDB, Polars and pyarrow find the columns in the folders")
def _() -> None:
    sql = "SELECT run_id, _step AS step FROM histories WHERE run_id IN ('gaps', 'values')"
    folder = write("by-run", sql, "--partition-by", "run_id")
    wanted = sorted(subprocess.run(call(sql, "--format", "csv"), check=True, capture_output=True, text=True).stdout.splitlines()[1:])
    files = str(folder / "**" / "*.parquet")
    for table in [
        duckdb.sql(f"SELECT * FROM read_parquet('{files}', hive_partitioning = true)").to_arrow_table(),
        polars.scan_parquet(files, hive_partitioning=True).collect().to_arrow(),
        pyarrow.dataset.dataset(folder, partitioning="hive").to_table(),
    ]:
        equal(sorted(f"{row['run_id']},{row['step']}" for row in table.to_pylist()), wanted)


MANY = "SELECT a._step AS a, b._step AS b, a._runtime AS runtime FROM histories AS a CROSS JOIN histories AS b"


@checks.check("a result of many rows is never held")
def _() -> None:
    count = "SELECT count(*) AS n FROM histories"
    rows = int(subprocess.run(call(count, "--format", "csv"), check=True, capture_output=True, text=True).stdout.split()[1]) ** 2
    holds(rows > 1_000_000, rows)
    for name in ["many.parquet", "many.csv"]:
        path = write(name, MANY)
        equal(duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall()[0][0], rows, name)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    holds(peak < 1 << 30, f"{peak} bytes")


@checks.check("a process that is killed leaves no file of that name, and Ctrl-C no other")
def _() -> None:
    for name, end in [("killed.csv", signal.SIGKILL), ("stopped.csv", signal.SIGINT)]:
        folder = FOLDER / end.name
        folder.mkdir()
        process = subprocess.Popen(call(MANY, "--output", str(folder / name)), stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not any(file.stat().st_size for file in folder.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(end)
        process.wait(timeout=60)
        holds(not (folder / name).exists(), name)
        if end == signal.SIGINT:
            equal(list(folder.iterdir()), [])


checks.finish(at_once=True)
