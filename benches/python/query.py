"""Questions over a lake, asked of other engines. The last line of stdout is JSON: what it took, how much memory and how many bytes read.

Each is written as its experts would: only the columns that are needed, filters that reach the Parquet files, folders not parsed, all cores.
Starting Python and importing the engine are not counted. The answer is written as Parquet once the time is taken.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import time
from collections.abc import Callable
from typing import Any

PLACES = 1000
GRID = 10_000


def band_duckdb(options: argparse.Namespace) -> tuple[float, Any]:
    """Mean and quantiles over runs of the mean in each bucket, by group: two aggregations, the second over a thousandth of the rows."""
    import duckdb

    connection = duckdb.connect()
    connection.sql("SELECT 1").fetchall()
    started = time.perf_counter()
    answer = connection.sql(f"""
        WITH groups AS (
            SELECT run_id, CAST(config ->> '$.group' AS BIGINT) AS "group" FROM read_parquet('{files(options, "runs")}', hive_partitioning = false)
        ), means AS (
            SELECT run_id, least((_step * {PLACES}) // {options.rows - 1}, {PLACES - 1}) AS bucket, avg({options.key}) AS value
            FROM read_parquet('{files(options, "histories")}', hive_partitioning = false) GROUP BY ALL
        ), bands AS (
            SELECT "group", bucket, avg(value) AS mean, quantile_cont(value, [0.1, 0.5, 0.9]) AS quantiles
            FROM means JOIN groups USING (run_id) GROUP BY ALL
        )
        SELECT mean, quantiles[1] AS p10, quantiles[2] AS p50, quantiles[3] AS p90 FROM bands ORDER BY "group", bucket
    """).to_arrow_table()
    return time.perf_counter() - started, answer


def band_polars(options: argparse.Namespace) -> tuple[float, Any]:
    """The same as one lazy query, on the streaming engine, which was the faster one."""
    import polars

    started = time.perf_counter()
    groups = polars.scan_parquet(files(options, "runs"), hive_partitioning=False).select(
        "run_id", polars.col("config").str.json_path_match("$.group").cast(polars.Int64).alias("group")
    )
    bucket = ((polars.col("_step") * PLACES) // (options.rows - 1)).clip(upper_bound=PLACES - 1).alias("bucket")
    means = polars.scan_parquet(files(options, "histories"), hive_partitioning=False).group_by("run_id", bucket)
    value = polars.col("value")
    bands = means.agg(polars.col(options.key).mean().alias("value")).join(groups, on="run_id").group_by("group", "bucket")
    quantiles = [value.quantile(share, "linear").alias(name) for share, name in [(0.1, "p10"), (0.5, "p50"), (0.9, "p90")]]
    answer = bands.agg(value.mean().alias("mean"), *quantiles).sort("group", "bucket").drop("group", "bucket").collect(engine="streaming")
    return time.perf_counter() - started, answer.to_arrow()


def band_pandas(options: argparse.Namespace) -> tuple[float, Any]:
    """The same with the columns read by pyarrow. Categories make the first grouping three times faster."""
    import pandas
    import pyarrow
    import pyarrow.parquet

    started = time.perf_counter()
    runs = pandas.concat(pandas.read_parquet(file, columns=["run_id", "config"], partitioning=None) for file in all_files(options, "runs"))
    groups = runs.set_index("run_id")["config"].map(lambda config: json.loads(config)["group"])
    columns = ["run_id", "_step", options.key]
    tables = [pyarrow.parquet.read_table(file, columns=columns, partitioning=None) for file in all_files(options, "histories")]
    rows = pyarrow.concat_tables(tables).to_pandas(categories=["run_id"])
    rows["bucket"] = ((rows["_step"] * PLACES) // (options.rows - 1)).clip(upper=PLACES - 1)
    means = rows.groupby(["run_id", "bucket"], observed=True)[options.key].mean().reset_index()
    means["group"] = means["run_id"].astype(object).map(groups)
    bands = means.groupby(["group", "bucket"])[options.key]
    quantiles = bands.quantile([0.1, 0.5, 0.9]).unstack()
    answer = pandas.DataFrame({"mean": bands.mean(), "p10": quantiles[0.1], "p50": quantiles[0.5], "p90": quantiles[0.9]}).sort_index()
    return time.perf_counter() - started, pyarrow.Table.from_pandas(answer, preserve_index=False)


def as_of_duckdb(options: argparse.Namespace) -> tuple[float, Any]:
    """The last value of each run at each place of a grid, a column for each run."""
    import duckdb

    connection = duckdb.connect()
    connection.sql("SELECT 1").fetchall()
    started = time.perf_counter()
    connection.execute(f"CREATE TABLE grid AS SELECT (number + 0.5) * {last_runtime(options)}::DOUBLE / {GRID} AS place FROM range({GRID}) AS numbers(number)")
    connection.execute(f"""
        CREATE VIEW joined AS
        WITH wanted AS (SELECT run_id, place FROM read_parquet('{files(options, "runs")}', hive_partitioning = false) CROSS JOIN grid)
        SELECT wanted.place, wanted.run_id, {options.key} AS value FROM wanted
        ASOF JOIN read_parquet('{files(options, "histories")}', hive_partitioning = false) AS rows
        ON wanted.run_id = rows.run_id AND wanted.place >= rows._runtime
    """)
    answer = connection.sql("PIVOT joined ON run_id USING first(value) GROUP BY place ORDER BY place").to_arrow_table()
    return time.perf_counter() - started, answer


def as_of_polars(options: argparse.Namespace) -> tuple[float, Any]:
    """A join for each run, side by side: much faster than one join by run id over all of them and a pivot."""
    import polars

    started = time.perf_counter()
    grid = polars.LazyFrame({"place": [(number + 0.5) * last_runtime(options) / GRID for number in range(GRID)]}).set_sorted("place")
    rows = polars.scan_parquet(files(options, "histories"), hive_partitioning=False).select("run_id", "_runtime", options.key).collect()
    runs = rows.partition_by("run_id", as_dict=True, include_key=False)
    joined = [
        grid.join_asof(run.lazy().set_sorted("_runtime"), left_on="place", right_on="_runtime").select(polars.col(options.key).alias(run_id))
        for (run_id,), run in sorted(runs.items())
    ]
    answer = polars.concat([grid.collect(), *polars.collect_all(joined)], how="horizontal")
    return time.perf_counter() - started, answer.to_arrow()


def one_key_duckdb(options: argparse.Namespace) -> tuple[float, Any]:
    """One metric of one run in a process that has asked for another run before, with the files' footers kept."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET enable_object_cache = true")
    question = f"SELECT _step, {options.key} FROM read_parquet('{files(options, 'histories')}', hive_partitioning = false) WHERE run_id = ? ORDER BY _step"
    connection.sql(question, params=["run0001"]).to_arrow_table()
    options.read_before = read_bytes()
    started = time.perf_counter()
    answer = connection.sql(question, params=[options.run]).to_arrow_table()
    return time.perf_counter() - started, answer


def histories(options: argparse.Namespace, form: str) -> tuple[float, Any]:
    """Samples of all runs of a project over the API, by the official SDK."""
    import wandb

    api = wandb.Api(timeout=600)
    started = time.perf_counter()
    rows = api.runs(options.lake).histories(samples=500, keys=options.key.split(","), format=form)
    seconds = time.perf_counter() - started
    return seconds, len(rows)


JOBS: dict[str, Callable[[argparse.Namespace], tuple[float, Any]]] = {
    "band-duckdb": band_duckdb,
    "band-polars": band_polars,
    "band-pandas": band_pandas,
    "as-of-duckdb": as_of_duckdb,
    "as-of-polars": as_of_polars,
    "one-key-duckdb": one_key_duckdb,
    "histories-default": lambda options: histories(options, "default"),
    "histories-polars": lambda options: histories(options, "polars"),
    "histories-pandas": lambda options: histories(options, "pandas"),
}


def folder(options: argparse.Namespace, table: str) -> pathlib.Path:
    entity, project = options.project.split("/")
    return pathlib.Path(options.lake) / table / f"entity={entity}" / f"project={project}"


def files(options: argparse.Namespace, table: str) -> str:
    return str(folder(options, table) / "*.parquet")


def all_files(options: argparse.Namespace, table: str) -> list[pathlib.Path]:
    return sorted(folder(options, table).glob("*.parquet"))


def last_runtime(options: argparse.Namespace) -> float:
    """That of the last row of each synthetic run."""
    return (options.rows - 1) * 0.37


def read_bytes() -> int:
    """What this process has read by system calls; memory-mapped files are not in it."""
    fields = dict(line.split(": ") for line in pathlib.Path("/proc/self/io").read_text().splitlines())
    return int(fields["rchar"])


def peak_bytes() -> int:
    line = next(line for line in pathlib.Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("lake", help="the lake's folder; of histories the project on the server")
    parser.add_argument("--project", default="bench/query")
    parser.add_argument("--key", default="metric_0000")
    parser.add_argument("--before", help="a metric about which the same is asked before")
    parser.add_argument("--run", default="run0000")
    parser.add_argument("--rows", type=int, default=0, help="rows of each run")
    parser.add_argument("--output")
    options = parser.parse_args()
    if options.before:
        JOBS[options.job](argparse.Namespace(**{**vars(options), "key": options.before}))
    options.read_before = read_bytes()
    seconds, answer = JOBS[options.job](options)
    read, peak = read_bytes() - options.read_before, peak_bytes()
    rows = answer if isinstance(answer, int) else answer.num_rows
    if options.output:
        import pyarrow.parquet

        pyarrow.parquet.write_table(answer, options.output)
    print(json.dumps({"seconds": seconds, "rows": rows, "peak_bytes": peak, "read_bytes": read}))


if __name__ == "__main__":
    main()
