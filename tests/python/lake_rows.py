"""Rows of a lake, rebuilt from its columns as anyone can who knows the two notes that each column carries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet
import truth


def metric_paths(lake: Path) -> dict[str, tuple[str, list[str]]]:
    """For each metric's column, its kind and the key's parts, as the Parquet files say."""
    paths: dict[str, tuple[str, list[str]]] = {}
    for file in sorted((lake / "histories").rglob("*.parquet")):
        for field in pyarrow.parquet.read_schema(file):
            metadata = field.metadata or {}
            if b"runlake.kind" in metadata:
                paths[field.name] = (metadata[b"runlake.kind"].decode(), json.loads(metadata[b"runlake.path"]))
    return paths


def put(row: dict[str, Any], path: list[str], value: Any) -> None:
    """Puts a value where it was logged."""
    for part in path[:-1]:
        row = row.setdefault(part, {})
    row[path[-1]] = value


def merge(row: dict[str, Any], rescued: dict[str, Any]) -> None:
    """What was rescued replaces what its column holds."""
    for key, value in rescued.items():
        if isinstance(value, dict) and isinstance(row.get(key), dict):
            merge(row[key], value)
        else:
            row[key] = value


def rebuild(stored: dict[str, Any], metrics: dict[str, tuple[str, list[str]]]) -> dict[str, Any]:
    """The row that was logged, from columns and rescued data."""
    row: dict[str, Any] = {}
    for name, (kind, path) in metrics.items():
        value = stored.get(name)
        if value is not None:
            put(row, path, json.loads(value) if kind == "json" else value)
    if stored["_rescued_data"] is not None:
        merge(row, json.loads(stored["_rescued_data"]))
    return truth.read_back(row)
