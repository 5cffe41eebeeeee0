"""Decodes the sample logs with a small reader of its own and compares them with `truth.jsonl`.

    python check_samples.py             # a line for each run; exit code 1 on any difference
    python check_samples.py --dump ID   # every record of one run as text

The reader knows the framing only (32 KiB blocks, CRC-32 over type and payload) and takes the
messages from the SDK that wrote them.
"""

from __future__ import annotations

import json
import math
import struct
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wandb.proto import wandb_internal_pb2 as proto

HERE = Path(__file__).resolve().parent
FILE_HEADER = b":W&B\xe1\xbe\x00"
BLOCK = 32 * 1024
CHUNK_HEADER = struct.Struct("<IHB")
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4

# What the SDK adds to every row.
STAMPS = ("_step", "_runtime", "_timestamp")
# Metadata that the SDK keeps in the config.
SDK_CONFIG = "_wandb"


def read_records(content: bytes, damage: list[str]) -> Iterator[Any]:
    """Yields the whole records; says in `damage` what it had to skip."""
    assert content.startswith(FILE_HEADER), "not a .wandb file"
    position = len(FILE_HEADER)
    payload: bytes | None = None
    while position + CHUNK_HEADER.size <= len(content):
        left = BLOCK - position % BLOCK
        if left < CHUNK_HEADER.size:
            position += left
            continue
        crc, length, kind = CHUNK_HEADER.unpack_from(content, position)
        chunk = content[position + CHUNK_HEADER.size :][:length]
        if len(chunk) < length:
            break
        if length > left - CHUNK_HEADER.size or zlib.crc32(bytes([kind]) + chunk) != crc:
            damage.append(f"bad chunk at {position}")
            payload = None
            position += left
            continue
        position += CHUNK_HEADER.size + length
        if kind in (FULL, FIRST):
            payload = chunk
        elif payload is not None:
            payload += chunk
        if kind in (FULL, LAST) and payload is not None:
            record = proto.Record()
            record.ParseFromString(payload)
            yield record
            payload = None
    if position < len(content) or payload is not None:
        damage.append(f"torn at {position}")


def tree(items: Any) -> dict[str, Any]:
    """Rebuilds a row from its items, each a path to a leaf."""
    root: dict[str, Any] = {}
    for item in items:
        path = list(item.nested_key) or [item.key]
        node = root
        for part in path[:-1]:
            node = node.setdefault(part, {})
        assert path[-1] not in node, path
        node[path[-1]] = value_of(item)
    return root


def value_of(item: Any) -> Any:
    """The value of an item. JSON in Python reads -0 as the integer 0; it is a float."""
    return json.loads(item.value_json, parse_int=lambda text: -0.0 if text == "-0" else int(text))


def summary_of(records: list[Any]) -> dict[str, Any]:
    """Replays the summary records. An item with `key` replaces, one with `nested_key` is a leaf."""
    summary: dict[str, Any] = {}
    for record in records:
        for item in record.summary.update:
            *parents, leaf = list(item.nested_key) or [item.key]
            node = summary
            for part in parents:
                if not isinstance(node.get(part), dict):
                    node[part] = {}
                node = node[part]
            node[leaf] = value_of(item)
    return summary


def expected(value: Any) -> Any:
    """A value of the truth, without its tags and without the empty dicts that the SDK drops."""
    if isinstance(value, dict):
        if "$float" in value:
            return float(value["$float"])
        if "$media" in value:
            return value
        items = ((key, expected(item)) for key, item in value.items() if item != {})
        return {key: item for key, item in items if item != {}}
    if isinstance(value, list):
        return [expected(item) for item in value]
    return value


def same(found: Any, wanted: Any) -> bool:
    """Equality of JSON values: NaN is NaN, -0.0 is not 0.0, true is not 1, integers are exact."""
    if isinstance(wanted, dict) and "$media" in wanted:
        return isinstance(found, dict) and found.get("_type") == wanted["$media"]
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict)
            and found.keys() == wanted.keys()
            and all(same(found[key], wanted[key]) for key in wanted)
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(map(same, found, wanted))
        )
    if wanted is None or isinstance(wanted, (bool, str)) or isinstance(found, (bool, str)):
        return type(found) is type(wanted) and found == wanted
    if isinstance(wanted, float) and math.isnan(wanted):
        return isinstance(found, float) and math.isnan(found)
    if not isinstance(found, (int, float)) or found != wanted:
        return False
    # The SDK writes 3.0 as 3, so an integer may stand for a float, but not with another sign.
    return math.copysign(1.0, found) == math.copysign(1.0, wanted)


def check(folder: Path, truth: dict[str, Any]) -> list[str]:
    """Compares one run with its truth and prints its line; gives the differences."""
    content = (folder / f"run-{truth['run_id']}.wandb").read_bytes()
    damage: list[str] = []
    records = list(read_records(content, damage))
    kinds = Counter(record.WhichOneof("record_type") for record in records)
    wrong: list[str] = []

    rows = {}
    for record in records:
        if record.HasField("history"):
            row = tree(record.history.item)
            if any(stamp not in row for stamp in STAMPS):
                wrong.append(f"a row without its stamps: {row}")
            if row.get("_step") != record.history.step.num or row["_step"] in rows:
                wrong.append(f"step {record.history.step.num} is wrong or repeated")
            rows[row.pop("_step")] = {key: row[key] for key in row if key not in STAMPS}
    wanted = {entry["step"]: expected(entry["row"]) for entry in truth["rows"]}
    for step, row in rows.items():
        if step not in wanted or not same(row, wanted[step]):
            wrong.append(f"step {step}: found {row}, wanted {wanted.get(step)}")
    if truth["complete"] and (damage or rows.keys() != wanted.keys()):
        wrong.append(f"incomplete: {len(rows)} rows of {len(wanted)}, {damage}")

    runs = [record.run for record in records if record.HasField("run")]
    config = tree(runs[0].config.update)
    config.pop(SDK_CONFIG)
    for record in records:
        config |= tree(record.config.update)
    if not same(config, truth["config"]):
        wrong.append(f"config: found {config}, wanted {truth['config']}")
    summary = summary_of(records)
    for key, value in truth["summary"].items():
        if not same(summary.get(key), value):
            wrong.append(f"summary {key}: found {summary.get(key)!r}, wanted {value!r}")
    for name, value in (
        ("run_id", runs[-1].run_id),
        ("entity", runs[-1].entity or None),
        ("project", runs[-1].project),
        ("display_name", runs[-1].display_name),
        ("group", runs[-1].run_group or None),
        ("job_type", runs[-1].job_type or None),
        ("notes", runs[-1].notes or None),
        ("tags", sorted(runs[-1].tags)),
    ):
        if value != (sorted(truth[name]) if name == "tags" else truth[name]):
            wrong.append(f"{name}: found {value!r}, wanted {truth[name]!r}")
    exits = [record.exit.exit_code for record in records if record.HasField("exit")]
    if exits != ([] if truth["exit_code"] is None else [truth["exit_code"]]):
        wrong.append(f"exit codes: {exits}")

    counts = " ".join(f"{kind}={count}" for kind, count in sorted(kinds.items()))
    print(f"{truth['run_id']}: {len(content)} bytes, rows {len(rows)}/{len(wanted)}, {counts}")
    for line in damage:
        print(f"  {line}")
    return wrong


def main() -> None:
    failures = 0
    for part in ("digits", "no-entity"):
        for line in (HERE / part / "truth.jsonl").read_text(encoding="utf-8").splitlines():
            truth = json.loads(line)
            folder = HERE / part / "wandb" / truth["folder"]
            if sys.argv[1:2] == ["--dump"]:
                if truth["run_id"] == sys.argv[2]:
                    log = folder / f"run-{truth['run_id']}.wandb"
                    for record in read_records(log.read_bytes(), []):
                        print(record)
                continue
            for difference in check(folder, truth):
                failures += 1
                print(f"  WRONG {difference[:600]}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
