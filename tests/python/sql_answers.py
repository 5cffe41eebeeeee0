"""The answers of `runlake query` beside those of DuckDB over the files of the same lake.

    python sql_answers.py RUNLAKE LAKE
"""

from __future__ import annotations

import datetime
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
from checks import Checks, equal, holds

RUNLAKE = sys.argv[1]
LAKE = Path(sys.argv[2])
checks = Checks()
engine = duckdb.connect()
engine.execute("SET TimeZone = 'UTC'")


def load(table: str) -> None:
    """A table of the lake, of one project, as DuckDB reads it from the folders: in memory, since its 2.0 takes windows of a view before the
    view's filter."""
    files = str(LAKE / table / "*" / "*" / "*.parquet")
    engine.execute(
        f"CREATE TABLE {table} AS SELECT * FROM read_parquet('{files}', hive_partitioning = true, union_by_name = true) "
        "WHERE entity = 'runlake' AND project = 'digits'"
    )


for name in ["runs", "histories", "system_metrics"]:
    load(name)
LR = "CAST(json_extract(config, '$.lr') AS DOUBLE)"


def ask(sql: str) -> list[dict[str, Any]]:
    """The rows of `runlake query`."""
    command = [RUNLAKE, "query", sql, "--lake", str(LAKE), "--project", "runlake/digits", "--format", "ndjson"]
    output = subprocess.run(command, capture_output=True, text=True, check=False)
    if output.returncode:
        raise AssertionError(output.stderr)
    return [json.loads(line) for line in output.stdout.splitlines()]


def plain(value: Any) -> Any:
    """A value in the form in which both engines have it."""
    if isinstance(value, datetime.datetime):
        value = value.astimezone(datetime.timezone.utc) if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
        return round(value.timestamp(), 5)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, str) and len(value) > 18 and value[4] == value[7] == "-" and value[10] in "T ":
        return plain(datetime.datetime.fromisoformat(value.replace("Z", "+00:00")))
    if value in ("NaN", "Infinity", "-Infinity"):
        return plain(float(value.replace("Infinity", "inf")))
    if isinstance(value, float):
        if math.isnan(value):
            return "nan"
        return (round(value, 5) if abs(value) > 1e8 else float(f"{value:.11g}")) if math.isfinite(value) else str(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    return float(f"{value:.11g}")


def same(title: str, sql: str, theirs: str | None = None) -> None:
    """Checks that both have the same rows in the same order; `theirs` where DuckDB writes the query otherwise."""

    @checks.check(title)
    def _() -> None:
        found = [{name: plain(value) for name, value in row.items()} for row in ask(sql)]
        cursor = engine.execute(theirs or sql)
        names = [column[0] for column in cursor.description]
        wanted = [{name: plain(value) for name, value in zip(names, row, strict=True)} for row in cursor.fetchall()]
        holds(wanted, "the query has no rows")
        equal(found, wanted)


same("a filter and an order", "SELECT run_id, _step FROM histories WHERE _step BETWEEN 3 AND 6 ORDER BY run_id, _step")
same("counts by run", "SELECT run_id, count(*) AS n, count(\"val.acc\") AS accs FROM histories GROUP BY run_id ORDER BY run_id")
same(
    "the best of each run beside its config",
    'SELECT r.run_id, r.config.lr AS lr, max(h."val.acc") AS best FROM histories h JOIN runs r USING (run_id) '
    "WHERE h.\"val.acc\" IS NOT NULL GROUP BY r.run_id, r.config.lr ORDER BY r.run_id",
    f'SELECT run_id, {LR} AS lr, max("val.acc") AS best FROM histories JOIN runs USING (run_id) '
    'WHERE "val.acc" IS NOT NULL GROUP BY ALL ORDER BY run_id',
)
same(
    "runs without rows",
    "SELECT r.run_id FROM runs r LEFT JOIN histories h ON r.run_id = h.run_id WHERE h.run_id IS NULL ORDER BY r.run_id",
)
same("an anti join", "SELECT run_id FROM runs ANTI JOIN histories USING (run_id) ORDER BY run_id")
same(
    "medians and quantiles",
    'SELECT run_id, median("val.acc") AS half, quantile_cont("val.acc", 0.9) AS high, quantile_disc("val.acc", 0.25) AS low '
    'FROM histories WHERE "val.acc" IS NOT NULL GROUP BY run_id ORDER BY run_id',
)
same(
    "means and deviations",
    'SELECT run_id, avg("val.loss") AS mean, stddev("val.loss") AS spread, var_samp("val.loss") AS variance, sum("val.loss") AS total '
    'FROM histories WHERE "val.loss" IS NOT NULL GROUP BY run_id HAVING count(*) > 1 ORDER BY run_id',
)
same(
    "the change from row to row",
    "SELECT run_id, _step, _step - lag(_step) OVER (PARTITION BY run_id ORDER BY _step) AS gap FROM histories "
    "WHERE run_id IN ('gaps', 'sparse') ORDER BY run_id, _step",
)
same(
    "the last row of each run",
    "SELECT run_id, _step FROM (SELECT run_id, _step, row_number() OVER (PARTITION BY run_id ORDER BY _step DESC) AS place "
    "FROM histories) AS placed WHERE place = 1 ORDER BY run_id",
)
same(
    "ranks",
    "SELECT run_id, rank() OVER (ORDER BY config.lr DESC) AS place FROM runs WHERE config.lr IS NOT NULL ORDER BY place, run_id",
    f"SELECT run_id, rank() OVER (ORDER BY {LR} DESC) AS place FROM runs WHERE {LR} IS NOT NULL ORDER BY place, run_id",
)
same(
    "parts of times",
    "SELECT run_id, created_at, date_part('year', created_at) AS year, date_part('minute', created_at) AS minute, "
    "CAST(created_at AS DATE) AS day FROM runs ORDER BY run_id",
    "SELECT run_id, epoch_us(created_at) / 1e6 AS created_at, date_part('year', created_at) AS year, "
    "date_part('minute', created_at) AS minute, CAST(created_at AS DATE) AS day FROM runs ORDER BY run_id",
)
same(
    "times compared",
    "SELECT run_id FROM runs WHERE created_at >= '2026-11-24 04:25:00' AND created_at < '2026-11-24 04:26:00' ORDER BY run_id",
)
same(
    "durations",
    "SELECT run_id, duration FROM runs ORDER BY run_id",
    "SELECT run_id, (epoch_us(heartbeat_at) - epoch_us(created_at)) / 1e6 AS duration FROM runs ORDER BY run_id",
)
same(
    "cases and groups",
    "SELECT CASE WHEN config.lr >= 0.1 THEN 'high' ELSE 'low' END AS kind, count(*) AS n FROM runs "
    "WHERE config.lr IS NOT NULL GROUP BY kind ORDER BY kind",
    f"SELECT CASE WHEN {LR} >= 0.1 THEN 'high' ELSE 'low' END AS kind, count(*) AS n FROM runs "
    f"WHERE {LR} IS NOT NULL GROUP BY kind ORDER BY kind",
)
same(
    "a common table",
    "WITH ends AS (SELECT run_id, max(_step) AS last FROM histories GROUP BY run_id) "
    "SELECT e.run_id, e.last, r.state FROM ends e JOIN runs r ON e.run_id = r.run_id WHERE e.last > 20 ORDER BY e.run_id",
)
same("distinct states", "SELECT DISTINCT state FROM runs ORDER BY state")
same("patterns", "SELECT run_id FROM runs WHERE run_id LIKE 'lr%' AND NOT run_id LIKE '%seed1' ORDER BY run_id")
same("a union", "SELECT run_id FROM runs WHERE state = 'failed' UNION SELECT run_id FROM runs WHERE state = 'crashed' ORDER BY run_id")
same("NaN and null", "SELECT _step, special, special IS NULL AS missing FROM histories WHERE run_id = 'values' AND _step < 5 ORDER BY _step")
same("system metrics", "SELECT run_id, count(*) AS n, max(_runtime) AS longest FROM system_metrics GROUP BY run_id ORDER BY run_id")
same(
    "tags",
    "SELECT run_id FROM runs WHERE array_contains(tags, 'grid') ORDER BY run_id",
    "SELECT run_id FROM runs WHERE list_contains(tags, 'grid') ORDER BY run_id",
)
same(
    "a summary",
    'SELECT run_id, summary."train/loss" AS loss FROM runs WHERE summary."train/loss" IS NOT NULL ORDER BY run_id',
    "SELECT run_id, CAST(json_extract_string(summary, '$.\"train/loss\"') AS DOUBLE) AS loss FROM runs "
    "WHERE json_type(summary, '$.\"train/loss\"') IN ('DOUBLE', 'UBIGINT', 'BIGINT', 'VARCHAR') ORDER BY run_id",
)

same("an order by an aggregate", "SELECT run_id, count(*) AS n FROM histories GROUP BY run_id ORDER BY count(*) DESC, run_id")
same("an order by an aggregate that is not selected", "SELECT state FROM runs GROUP BY state ORDER BY count(*) DESC LIMIT 2")
same(
    "an order by a part of an aggregate",
    "SELECT run_id, max(_step) AS last FROM histories GROUP BY run_id ORDER BY max(_step) - min(_step) DESC, run_id",
)
same(
    "null comes last both ways",
    "SELECT run_id, config.lr AS lr FROM runs ORDER BY config.lr DESC, run_id",
    f"SELECT run_id, {LR} AS lr FROM runs ORDER BY {LR} DESC, run_id",
)
same(
    "sums of constants",
    "SELECT run_id, sum(1) AS n, sum(0.5) AS half, sum(1) FILTER (WHERE _step > 5) AS late FROM histories GROUP BY run_id ORDER BY run_id",
)
same(
    "sums of constants over windows",
    "SELECT run_id, _step, sum(1) OVER (PARTITION BY run_id) AS n FROM histories WHERE run_id IN ('gaps', 'sparse') ORDER BY run_id, _step",
)
same(
    "an inner join with a condition on one table",
    "SELECT r.run_id, h._step FROM runs r JOIN histories h ON r.run_id = h.run_id AND h._step = 3 ORDER BY r.run_id",
)
same(
    "an inner join by an inequality",
    "SELECT a.run_id AS one, b.run_id AS other FROM runs a JOIN runs b ON a.created_at < b.created_at ORDER BY one, other",
)
same(
    "an inner join by an equality and an inequality",
    "SELECT a.run_id AS one, b.run_id AS other FROM runs a JOIN runs b ON a.state = b.state AND a.created_at < b.created_at ORDER BY one, other",
)
for join in ["LEFT", "SEMI", "ANTI"]:
    same(
        f"a condition in the ON of a {join} JOIN",
        f"SELECT r.run_id, count(*) AS n FROM runs r {join} JOIN histories h ON r.run_id = h.run_id AND h._step > 58 "
        "GROUP BY r.run_id ORDER BY r.run_id",
    )
same(
    "a union by an alias",
    "SELECT run_id AS id FROM runs WHERE state = 'failed' UNION ALL SELECT run_id FROM histories WHERE _step = 60 ORDER BY id DESC LIMIT 9",
)
same("distinct texts together", "SELECT string_agg(DISTINCT state, ',' ORDER BY state) AS states FROM runs", "SELECT 'crashed,failed,finished' AS states")

checks.finish(at_once=True)
