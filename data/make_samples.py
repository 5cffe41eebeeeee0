"""Makes the sample data in `digits/` and `no-entity/` with the official W&B SDK, offline.

Each run is a small training on scikit-learn's digits (1797 images of 8x8 pixels) in a process
of its own. What a run logs is also written to `truth.jsonl`, before the SDK sees it and without
its help, so that a reader of the `.wandb` files can be compared with what was really logged.

Usage (see README.md for the virtual environment):

    python make_samples.py              # all runs; replaces digits/ and no-entity/
    python make_samples.py train ID     # one run, in the current folder; called by the above

The runs happen in WORK, with an environment and settings that keep the name of the machine, of
the user and of their folders out of the logs.
"""

from __future__ import annotations

import json
import math
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sample_runs import Spec, specs

HERE = Path(__file__).resolve().parent
WORK = Path("/tmp/digits")
PROJECT = "digits"

# --------------------------------------------------------------------------------------------
# One run: the SDK on one side, the truth on the other


class Log:
    """Sends rows to the SDK and writes each, before that, to the truth file of the run."""

    def __init__(self, run: Any, truth: Path) -> None:
        self.run = run
        self._truth = truth.open("w", encoding="utf-8")
        self._step = 0

    def __call__(self, row: dict[str, Any], step: int | None = None, commit: bool | None = None) -> None:
        if step is None or step >= self._step:
            self._step = self._step if step is None else step
            self._note({"step": self._step, "row": plain(row)})
        else:
            self._note({"refused": {"step": step, "row": plain(row)}})
        if step is None and commit is not False:
            self._step += 1
        self.run.log(row, step=step, commit=commit)

    def define_metric(self, name: str, **options: Any) -> None:
        self._note({"metric": {"name": name} | options})
        self.run.define_metric(name, **options)

    def config(self, update: dict[str, Any]) -> None:
        self._note({"config": plain(update)})
        self.run.config.update(update, allow_val_change=True)

    def summary(self, update: dict[str, Any]) -> None:
        self._note({"summary": plain(update)})
        self.run.summary.update(update)

    def tags(self, tags: tuple[str, ...]) -> None:
        self._note({"tags": list(tags)})
        self.run.tags = tags

    def _note(self, entry: dict[str, Any]) -> None:
        self._truth.write(json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n")
        self._truth.flush()


def plain(value: Any) -> Any:
    """A logged value as strict JSON; README.md says how specials are tagged."""
    import numpy as np
    import wandb

    if isinstance(value, np.ndarray):
        return {"$media": "histogram"} if value.size > 32 else plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, wandb.Histogram):
        return {"$media": "histogram"}
    if isinstance(value, wandb.Image):
        return {"$media": "image-file"}
    if isinstance(value, wandb.Table):
        return {"$media": "table-file"}
    if isinstance(value, (list, tuple)):
        if value and isinstance(value[0], wandb.Image):
            return {"$media": "images/separated"}
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    assert value is None or isinstance(value, (bool, int, float, str)), value
    return value


def one_run(spec: Spec) -> None:
    """Runs `spec` in this process and in the current folder."""
    # The SDK writes the kernel's version down; the kind of system is enough here.
    system = f"{platform.system()}-{platform.machine()}-with-{''.join(platform.libc_ver())}"
    platform.platform = lambda *_, **__: system
    import wandb

    defaults: dict[str, Any] = {
        "console": "off",
        "disable_code": True,
        "disable_git": True,
        "host": "example",
        "save_code": False,
        "silent": True,
        "username": "example",
        "x_executable": "python3",
        "x_stats_sampling_interval": 0.5,
        "x_transaction_log_flush_interval": 0.5,
    }
    run = wandb.init(
        entity=spec.entity,
        project=PROJECT,
        mode="offline",
        id=spec.run_id,
        name=spec.name,
        group=spec.group,
        job_type=spec.job_type,
        tags=spec.tags or None,
        notes=spec.notes,
        config=spec.config,
        settings=wandb.Settings(**defaults | spec.settings),
    )
    spec.body(Log(run, WORK / "truth" / f"{spec.run_id}.jsonl"), spec.config)
    run.finish()


# --------------------------------------------------------------------------------------------
# All runs


def make(spec: Spec) -> tuple[Path, int | None]:
    """Runs `spec` in a process of its own; gives its folder and its exit code."""
    environment = {
        "HOME": str(WORK),
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PATH": "/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": "UTC",
        "WANDB_CACHE_DIR": str(WORK / "cache"),
        "WANDB_CONFIG_DIR": str(WORK / "config"),
        "WANDB_DATA_DIR": str(WORK / "staging"),
        "WANDB_DIR": str(WORK),
        "WANDB_ERROR_REPORTING": "false",
    }
    process = subprocess.Popen(
        [sys.executable, "make_samples.py", "train", spec.run_id],
        cwd=WORK,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if spec.end == "fail" else None,
    )
    if spec.end == "kill":
        wait_for_size(spec, process, 15_000)  # within the first block: ends with a whole record
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(3)  # until the SDK's own process has gone, too
        return folder_of(spec), None
    if spec.end == "copy":
        wait_for_size(spec, process, 32 * 1024)  # a block just filled: ends within a record
        copy = WORK / "copied" / folder_of(spec).name
        shutil.copytree(folder_of(spec), copy)
        process.wait()
        return copy, None
    code = process.wait()
    if code != (1 if spec.end == "fail" else 0):
        raise SystemExit(f"{spec.run_id}: exit code {code}")
    folder = folder_of(spec)
    log = folder / f"run-{spec.run_id}.wandb"
    content = log.read_bytes()
    if spec.end == "tear":
        log.write_bytes(content[: len(content) * 7 // 10])
        return folder, None
    if spec.end == "flip":
        at = 20_000  # in the first block of 32 KiB, so that the second can be found again
        log.write_bytes(content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :])
    return folder, code


def folder_of(spec: Spec) -> Path:
    (folder,) = (WORK / "wandb").glob(f"offline-run-*-{spec.run_id}")
    return folder


def wait_for_size(spec: Spec, process: subprocess.Popen[bytes], size: int) -> None:
    """Waits until the log of `spec` holds `size` bytes, while its process lives."""
    while process.poll() is None:
        logs = list((WORK / "wandb").glob(f"*-{spec.run_id}/run-{spec.run_id}.wandb"))
        if logs and logs[0].stat().st_size >= size:
            return
        time.sleep(0.01)
    raise SystemExit(f"{spec.run_id}: ended before its log held {size} bytes")


def truth_of(spec: Spec, folder: Path, exit_code: int | None) -> dict[str, Any]:
    """What the run logged, as one JSON object; README.md lists its fields."""
    truth: dict[str, Any] = {
        "run_id": spec.run_id,
        "folder": folder.name,
        "entity": spec.entity,
        "project": PROJECT,
        "display_name": spec.name,
        "group": spec.group,
        "job_type": spec.job_type,
        "tags": list(spec.tags),
        "notes": spec.notes,
        "config": spec.config,
        "state": {None: "unfinished", 0: "finished"}.get(exit_code, "failed"),
        "exit_code": exit_code,
        "complete": spec.end in ("finish", "fail"),
        "summary": {},
        "metrics": [],
        "refused": [],
    }
    rows: dict[int, dict[str, Any]] = {}
    notes = WORK / "truth" / f"{spec.run_id}.jsonl"
    for line in notes.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if "row" in entry:
            rows.setdefault(entry["step"], {}).update(entry["row"])
        elif "metric" in entry:
            truth["metrics"].append(entry["metric"])
        elif "refused" in entry:
            truth["refused"].append(entry["refused"])
        elif "tags" in entry:
            truth["tags"] = entry["tags"]
        else:
            ((field_name, update),) = entry.items()
            truth[field_name] = truth[field_name] | update
    truth["rows"] = [{"step": step, "row": row} for step, row in rows.items()]
    return truth


def main() -> None:
    if sys.argv[1:2] == ["train"]:
        (spec,) = (spec for spec in specs() if spec.run_id == sys.argv[2])
        one_run(spec)
        return
    shutil.rmtree(WORK, ignore_errors=True)
    (WORK / "truth").mkdir(parents=True)
    for script in ("make_samples.py", "sample_runs.py"):
        shutil.copy(HERE / script, WORK)
    for name in ("digits", "no-entity"):
        shutil.rmtree(HERE / name, ignore_errors=True)
        (HERE / name / "wandb").mkdir(parents=True)
    for spec in specs():
        target = HERE / ("digits" if spec.entity else "no-entity")
        folder, exit_code = make(spec)
        # The logs of the SDK itself and its empty folders are of no use here.
        kept = shutil.ignore_patterns("logs", "tmp")
        shutil.copytree(folder, target / "wandb" / folder.name, ignore=kept)
        with (target / "truth.jsonl").open("a", encoding="utf-8") as file:
            truth = truth_of(spec, folder, exit_code)
            file.write(json.dumps(truth, ensure_ascii=False, allow_nan=False) + "\n")
        print(f"{spec.run_id}: {truth['state']}, {len(truth['rows'])} rows", flush=True)
    shutil.rmtree(WORK)


if __name__ == "__main__":
    main()
