"""One job of the comparison, done with the official SDK. The last line of stdout is JSON: what it took, and how many rows there were.

Starting Python, importing the SDK and starting its service process are not counted. Each process has an empty cache folder.
"""

import argparse
import concurrent.futures
import json
import pathlib
import time


def scan(options):
    """One run's rows as Python dicts; to turn them into a table is not counted."""
    import wandb

    api = wandb.Api(timeout=600)
    started = time.perf_counter()
    keys = options.keys.split(",") if options.keys else None
    rows = list(api.run(options.target).scan_history(keys=keys, page_size=options.page_size, use_cache=not options.no_cache))
    seconds = time.perf_counter() - started
    if options.output:
        write(rows, pathlib.Path(options.output))
    return seconds, len(rows)


def export(options):
    """Every run of a project by `scan_history`, each to a Parquet file, several runs at once."""
    import wandb

    api = wandb.Api(timeout=600)
    folder = pathlib.Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)

    def one(run):
        rows = list(run.scan_history(page_size=options.page_size, use_cache=not options.no_cache))
        write(rows, folder / f"{run.id}.parquet")
        return len(rows)

    started = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(options.threads) as pool:
        rows = sum(pool.map(one, api.runs(options.target)))
    return time.perf_counter() - started, rows


def download(options):
    """Every run's exports by `download_history_exports`, then one Parquet file out of all of them by Polars."""
    import polars
    import wandb

    api = wandb.Api(timeout=600)
    folder = pathlib.Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)

    def one(run):
        result = run.download_history_exports(download_dir=folder / run.id)
        if result.errors:
            raise RuntimeError(f"{run.id}: {result.errors}")
        return [polars.scan_parquet(path).with_columns(run_id=polars.lit(run.id)) for path in result.paths]

    started = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(options.threads) as pool:
        frames = [frame for frames in pool.map(one, api.runs(options.target)) for frame in frames]
    joined = polars.concat(frames, how="diagonal_relaxed").collect()
    joined.write_parquet(folder / "all.parquet")
    return time.perf_counter() - started, joined.height


def log(options):
    """Logs a run offline; the time is that of the logging."""
    import random

    import wandb

    folder = pathlib.Path(options.target)
    folder.mkdir(parents=True, exist_ok=True)
    values = random.Random(7)
    state = [1.0] * options.metrics
    run = wandb.init(project="bench", entity="bench", id="offline", mode="offline", dir=folder)
    started = time.perf_counter()
    for _ in range(options.rows):
        state = [value + values.gauss(0, 0.01) for value in state]
        run.log({f"metric_{index:02}": value for index, value in enumerate(state)})
    run.finish()
    return time.perf_counter() - started, options.rows


def offline(options):
    """The rows of an offline log as Python dicts, read with the SDK's own protobuf messages: the SDK has no reader of logs."""
    from wandb.proto import wandb_internal_pb2 as messages

    started = time.perf_counter()
    rows = []
    for payload in payloads(pathlib.Path(options.target).read_bytes()):
        record = messages.Record()
        record.ParseFromString(payload)
        if record.HasField("history"):
            rows.append({"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item})
    return time.perf_counter() - started, len(rows)


def payloads(data):
    """The records of a LevelDB log in blocks of 32 KiB, after a header of 7 bytes."""
    at, parts = 7, []
    while at + 7 <= len(data):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        parts.append(data[at + 7 : at + 7 + length])
        at += 7 + length
        if kind in (1, 4):
            yield b"".join(parts)
            parts = []


def write(rows, path):
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, compression="zstd")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("job", choices=["scan", "export", "download", "log", "offline"])
    parser.add_argument("target")
    parser.add_argument("--output")
    parser.add_argument("--keys")
    parser.add_argument("--page-size", type=int, default=10_000)
    parser.add_argument("--no-cache", action="store_true")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--metrics", type=int, default=0)
    options = parser.parse_args()
    seconds, rows = globals()[options.job](options)
    print(json.dumps({"seconds": seconds, "rows": rows, "peak_bytes": 0}))


if __name__ == "__main__":
    main()
