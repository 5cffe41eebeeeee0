"""What each sample run is and what it logs: the list of runs, the training, a function per run.

How a run is started, recorded and ended is `make_samples.py`'s business.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from make_samples import Log

ENTITY = "runlake"

# A float64 cannot hold this integer: it would become ...992.
BIG = 2**53 + 1

# --------------------------------------------------------------------------------------------
# What each run is


@dataclass
class Spec:
    """One run: what is told to `wandb.init`, what it logs, and how it ends."""

    run_id: str
    name: str
    body: Callable[["Log", dict[str, Any]], None]
    config: dict[str, Any] = field(default_factory=dict)
    group: str | None = None
    job_type: str | None = None
    tags: tuple[str, ...] = ()
    notes: str | None = None
    # finish | fail (exit code 1) | kill (SIGKILL) | copy (taken while it runs)
    # | tear (cut in the middle of a record) | flip (one byte changed)
    end: str = "finish"
    entity: str | None = ENTITY
    settings: dict[str, Any] = field(default_factory=dict)


def specs() -> list[Spec]:
    """All runs, in the order in which they are made."""
    grid = [
        Spec(
            run_id=f"lr{round(lr * 100):03d}-seed{seed}",
            name=f"lr {lr}, seed {seed}",
            body=grid_run,
            config=training(lr=lr, seed=seed),
            group="lr-grid",
            job_type="train",
            tags=("grid", f"seed-{seed}"),
            notes="One cell of the grid: 3 learning rates × 3 seeds.",
        )
        for lr in (0.01, 0.1, 1.0)
        for seed in (1, 2, 3)
    ]
    special = [
        Spec(
            "values",
            "every kind of value",
            values_run,
            config=training()
            | {
                "nothing": None,
                "big": BIG,
                "größe": "8×8",
                "empty list": [],
                "mixed list": [1, 2.5, "three", None, True],
                "deep": {"er": {"est": [1, {"two": 3}]}},
                "dotted.key": 1,
            },
            tags=("edge", "ünïcode", "with space"),
            notes="Zeile eins\nline two: \"quoted\" \\ and 日本語",
        ),
        Spec("names", "every kind of name", names_run, tags=("edge",)),
        Spec("mixed", "mixed types", mixed_run, tags=("edge",)),
        Spec("diverges", "diverges", diverges_run, config=training(lr=300.0), job_type="train"),
        Spec("media", "media", media_run, config=training(), job_type="eval", tags=("media",)),
        Spec("epochs", "epoch axis", epochs_run, config=training(), job_type="train"),
        Spec("late-start", "steps", late_start_run, config=training(), tags=("steps",)),
        Spec("gaps", "steps", gaps_run, tags=("steps",)),
        Spec("sparse", "ten rows, a billion steps", sparse_run, tags=("steps",)),
        Spec(
            "typed",
            "typed values",
            typed_run,
            tags=("edge",),
            settings={"x_history_value_encoding": "json,typed"},
        ),
        Spec(
            "records",
            "every kind of record",
            records_run,
            config=training(),
            tags=("edge",),
            settings={"console": "wrap"},
        ),
        Spec("long-record", "a record longer than two blocks", long_record_run, tags=("edge",)),
        Spec("empty", "no history", lambda log, config: None, config=training()),
        Spec(
            "failed",
            "failed",
            failed_run,
            config=training(),
            job_type="train",
            end="fail",
            settings={"console": "wrap"},
        ),
        Spec("crashed", "digits", short_run, config=training(), job_type="train", end="kill"),
        Spec("running", "digits", short_run, config=training(), job_type="train", end="copy"),
        Spec("torn", "torn", short_run, config=training(), job_type="train", end="tear"),
        Spec("corrupt", "corrupt", short_run, config=training(), job_type="train", end="flip"),
        Spec("no-entity", "no entity", sparse_run, entity=None),
    ]
    return grid + special


def training(lr: float = 0.1, seed: int = 0) -> dict[str, Any]:
    """The config of a training, nested as configs are."""
    return {
        "lr": lr,
        "seed": seed,
        "batch_size": 120,
        "layers": [64, 32, 10],
        "optimizer": {"name": "sgd", "momentum": 0.9, "schedule": {"kind": "cosine", "steps": 80}},
        "augment": False,
        "resume_from": None,
    }


# --------------------------------------------------------------------------------------------
# The training


@dataclass
class Progress:
    """Where a training stands after one batch."""

    epoch: int
    loss: float
    accuracy: float
    grad_norm: float
    lr: float
    weights: list[Any]
    validate: Callable[[], dict[str, float]]


def train(config: dict[str, Any], steps: int) -> Iterator[Progress]:
    """Trains 64 -> 32 -> 10 with tanh, softmax and momentum; yields after each batch."""
    import numpy as np
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images = images / 16.0
    rng = np.random.default_rng(config["seed"])
    order = rng.permutation(len(images))
    train_rows, val_rows = order[:1440], order[1440:]
    inputs, hidden, outputs = config["layers"]
    weights = [
        rng.normal(0, inputs**-0.5, (inputs, hidden)),
        np.zeros(hidden),
        rng.normal(0, hidden**-0.5, (hidden, outputs)),
        np.zeros(outputs),
    ]
    velocity = [np.zeros_like(w) for w in weights]

    def forward(rows: Any) -> tuple[Any, Any, float, float]:
        w1, b1, w2, b2 = weights
        features = np.tanh(images[rows] @ w1 + b1)
        logits = features @ w2 + b2
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = shifted / shifted.sum(axis=1, keepdims=True)
        # Not clipped: a probability of 0 is a loss of +Infinity.
        losses = -np.log(probabilities[np.arange(len(rows)), labels[rows]])
        accuracy = (probabilities.argmax(axis=1) == labels[rows]).mean()
        return features, probabilities, float(losses.mean()), float(accuracy)

    def validate() -> dict[str, float]:
        _, _, loss, accuracy = forward(val_rows)
        return {"loss": loss, "acc": accuracy}

    per_epoch = len(train_rows) // config["batch_size"]
    for step in range(steps):
        epoch, batch = divmod(step, per_epoch)
        if batch == 0:
            train_rows = rng.permutation(train_rows)
        rows = train_rows[batch * config["batch_size"] :][: config["batch_size"]]
        features, probabilities, loss, accuracy = forward(rows)
        error = probabilities
        error[np.arange(len(rows)), labels[rows]] -= 1.0
        error /= len(rows)
        back = (error @ weights[2].T) * (1.0 - features**2)
        gradients = [images[rows].T @ back, back.sum(axis=0), features.T @ error, error.sum(axis=0)]
        grad_norm = math.sqrt(sum(float((g**2).sum()) for g in gradients))
        lr = config["lr"] * 0.5 * (1.0 + math.cos(math.pi * step / steps))
        for weight, speed, gradient in zip(weights, velocity, gradients, strict=True):
            speed *= config["optimizer"]["momentum"]
            speed -= lr * gradient
            weight += speed
        yield Progress(epoch, loss, accuracy, grad_norm, lr, weights, validate)


def row_of(progress: Progress) -> dict[str, Any]:
    """The metrics that every training here logs at every step."""
    return {
        "train/loss": progress.loss,
        "train/acc": progress.accuracy,
        "grad norm": progress.grad_norm,
        "lr.current": progress.lr,
        "epoch": progress.epoch,
    }


# --------------------------------------------------------------------------------------------
# What each run logs. `pause` keeps a run alive for a few samples of the system metrics.


def pause(seconds: float = 0.04) -> None:
    time.sleep(seconds)


def grid_run(log: Log, config: dict[str, Any]) -> None:
    for step, progress in enumerate(train(config, steps=80)):
        row = row_of(progress)
        if step % 10 == 9:
            row["val"] = progress.validate()
            row["genauigkeit-ä"] = row["val"]["acc"]
            row["损失"] = row["val"]["loss"]
        log(row)
        pause()


def short_run(log: Log, config: dict[str, Any]) -> None:
    for progress in train(config, steps=80):
        log(row_of(progress))
        pause()


def values_run(log: Log, config: dict[str, Any]) -> None:
    import numpy as np

    special: list[dict[str, Any]] = [
        {"special": math.nan},
        {"special": math.inf},
        {"special": -math.inf},
        {"special": None},
        {"special": 1.0},
        {"none and list": None, "list": []},
        {"float": 5e-324},
        {"float": sys.float_info.max},
        {"float": -0.0},
        {"float": 0.1 + 0.2},
        {"float": 3.0},
        {"float": 1e21},
        {"int": BIG},
        {"int": -BIG},
        {"int": 2**63 - 1},
        {"int": -(2**63)},
        {"int": 0},
        {"bool": True},
        {"bool": False},
        {"string": "plain"},
        {"string": ""},
        {"string": "NaN"},
        {"string": "null"},
        {"string": "1.5"},
        {"string": "line\nbreak\ttab \"quote\" \\ \x00 </script> 日本語 🚀"},
        {"list": [1, 2, 3]},
        {"list": [1.5, math.nan, math.inf, None]},
        {"list": ["a", 1, True, None, [2, [3]], {"k": {"l": 4}}]},
        {"tuple": (1, 2)},
        {"nested": {"a": 1, "b": {"c": 2.5, "d": "text", "e": None, "f": [1, {"g": 2}]}}},
        {"nested": {"b": {"c": math.nan}}},
        {"nested": {"empty": {}}},
        {"empty dict": {}},
        {},
        {"numpy": np.float32(0.1)},
        {"numpy": np.int64(BIG)},
        {"numpy": np.float16(0.1)},
        {"numpy bool": np.bool_(True)},
        {"array": np.arange(4)},
        {"array": np.arange(6.0).reshape(2, 3)},
        # The SDK turns an array of more than 32 numbers into a histogram.
        {"long array": np.linspace(0.0, 1.0, 33)},
    ]
    for row in special:
        log({"always": len(row)} | row if row else row)
        pause(0.06)


def names_run(log: Log, config: dict[str, Any]) -> None:
    names = [
        "plain", "with/slash", "with.dot", "with space", " leading and trailing ", "ünïcode", "损失", "🚀",
        "é",  # one code point, U+00E9 ...
        "e\u0301",  # ... and the same letter as two
        'quo"te', "back\\slash", "new\nline", "tab\t", "per%cent", "a[0]", "{brace}", "*", "$dollar", "-", "0", "x" * 300,
        "_underscore", "null", "select",
        # Names that a table of histories wants for itself.
        "run_id", "entity", "project", "step", "_rescued_data", "system.cpu", "_wandb",
    ]  # fmt: skip
    for step in range(20):
        log({name: step + index / 64 for index, name in enumerate(names)})
        pause()
    for step in range(20, 30):
        # The same letters in other case; a flat name beside a nested one of the same spelling.
        log({"Loss": step, "loss": step + 0.25, "LOSS": step + 0.5})
        log({"a.b": step, "a": {"b": step + 0.5}})
        log({"a.b.c": 1, "a": {"b.c": 2, "": 3}, "a.b": {"c": 4}})
        log({"b": {"Loss": step, "loss": -step}})
        pause()


def mixed_run(log: Log, config: dict[str, Any]) -> None:
    for step in range(60):
        log(
            {
                "mostly number": "skipped" if step % 6 == 5 else step / 8,
                "mostly string": step if step % 6 == 5 else f"phase {step // 10}",
                "number or bool": step if step % 2 else True,
                "number or list": [step] if step % 4 == 3 else step,
                "number or dict": {"value": step} if step % 4 == 3 else step,
                "number or null": None if step % 3 == 2 else step,
                "int or float": step if step % 2 else step + 0.5,
                "big at times": BIG + step if step % 10 == 0 else step,
                "number, then string": step if step < 50 else "late",
                "string, then number": "early" if step < 3 else step,
                "string that looks like a number": str(step) if step % 2 else step,
            }
        )
        pause()


def diverges_run(log: Log, config: dict[str, Any]) -> None:
    import numpy as np

    with np.errstate(all="ignore"):
        for step, progress in enumerate(train(config, steps=60)):
            if step >= 40:
                # Helped along: the weights overflow, and the next batch is not a number.
                for weight in progress.weights:
                    weight *= 1e200
            row = row_of(progress)
            row["train/log likelihood"] = -progress.loss
            row["finite"] = math.isfinite(progress.loss)
            log(row)
            pause()


def media_run(log: Log, config: dict[str, Any]) -> None:
    import numpy as np
    import wandb
    from sklearn.datasets import load_digits

    digits = load_digits()

    def image(index: int) -> Any:
        pixels = (digits.images[index] * 15.9).astype(np.uint8)
        return wandb.Image(pixels, caption=f"a {digits.target[index]}")

    for step, progress in enumerate(train(config, steps=40)):
        row = row_of(progress)
        if step % 10 == 0:
            row["weights"] = wandb.Histogram(progress.weights[0], num_bins=16)
        if step % 20 == 0:
            row["digit"] = image(step)
        if step == 25:
            row["digits"] = [image(1), image(2)]
        if step == 30:
            row["nested"] = {"weights": wandb.Histogram(progress.weights[2], num_bins=4)}
        if step == 39:
            rows = [[n, int(digits.target[n]), float(digits.data[n].mean()), None] for n in range(5)]
            row["predictions"] = wandb.Table(columns=["n", "label", "mean ink", "note"], data=rows)
        log(row)
        pause(0.06)


def epochs_run(log: Log, config: dict[str, Any]) -> None:
    log.define_metric("epoch", hidden=True)
    log.define_metric("val/*", step_metric="epoch")
    log.define_metric("val/acc", step_metric="epoch", summary="max")
    log.define_metric("train/loss", summary="min,mean,last")
    log.define_metric("grad norm", summary="none")
    for step, progress in enumerate(train(config, steps=72)):
        log(row_of(progress))
        if step % 12 == 11:
            scores = progress.validate()
            log({"epoch": progress.epoch, "val/loss": scores["loss"], "val/acc": scores["acc"]})
        pause()


def late_start_run(log: Log, config: dict[str, Any]) -> None:
    for step, progress in enumerate(train(config, steps=60)):
        log(row_of(progress), step=61010 + step)
        pause()


def gaps_run(log: Log, config: dict[str, Any]) -> None:
    step = 0
    for index in range(40):
        # Two calls for one step make one row.
        log({"x": index}, step=step)
        log({"y": index / 4}, step=step)
        step += 1 + index % 7
        pause()
    log({"no step given": True})  # joins the row that is still open
    log({"no step given": False})  # and this is the next one
    log({"open": 1}, commit=False)
    log({"open": 2, "closed": True})
    log({"too late": True}, step=3)  # the SDK refuses a step that is past


def sparse_run(log: Log, config: dict[str, Any]) -> None:
    for step in (0, 1, 10, 1000, 999_999, 1_000_000, 50_000_000, 2**31, 5 * 10**9, 10**10):
        log({"x": step, "y": math.sqrt(step)}, step=step)
        pause(0.2)


def typed_run(log: Log, config: dict[str, Any]) -> None:
    for step in range(20):
        log(
            {
                "int": BIG + step,
                "float": float(step),
                "bool": step % 2 == 0,
                "text": f"step {step}",
                "null": None,
                "list": [step, math.nan],
                "special": [math.nan, math.inf, -math.inf][step % 3],
                "nested": {"a": {"b": step / 8}},
                "wide int": 2**63,
            }
        )
        pause(0.08)


def records_run(log: Log, config: dict[str, Any]) -> None:
    import wandb

    run = log.run
    for step, progress in enumerate(train(config, steps=40)):
        log(row_of(progress))
        print(f"\rstep {step}", end="", flush=True)
        if step == 10:
            log.config({"added later": {"nested": [1, 2]}, "seed": 7})
        if step == 20:
            Path("notes.txt").write_text("Saved with the run.\n")
            run.save("notes.txt", policy="now")
            artifact = wandb.Artifact("weights", type="model", metadata={"step": step})
            with artifact.new_file("weights.json") as file:
                json.dump([round(float(w), 3) for w in progress.weights[3]], file)
            run.log_artifact(artifact, aliases=["at-20"])
        if step == 30:
            run.alert("Loss is low", f"{progress.loss:.3f} at step {step}", wait_duration=0)
            run.mark_preempting()
            log.tags(("edge", "added-later"))
        pause(0.06)
    print("\ndone: größer als 日本", flush=True)
    print("a warning on stderr", file=sys.stderr, flush=True)
    log.summary({"best": {"acc": progress.accuracy, "step": 39}})
    log.summary({"note": "set by hand", "big": BIG, "empty": {}, "epoch": "overwritten"})


def long_record_run(log: Log, config: dict[str, Any]) -> None:
    from sklearn.datasets import load_digits

    # Pixels are 0..16, so one letter each. More than 2 * 32 KiB: the record spans three blocks.
    pixels = load_digits().data[:1100].astype(int).ravel()
    text = "".join("0123456789abcdefg"[p] for p in pixels)
    for step in range(10):
        log({"step": step, "pixels": text} if step == 4 else {"step": step})
        pause(0.1)


def failed_run(log: Log, config: dict[str, Any]) -> None:
    for step, progress in enumerate(train(config, steps=80)):
        log(row_of(progress))
        if step % 10 == 0:
            print(f"step {step}: loss {progress.loss:.4f}", flush=True)
        pause()
        if step == 42:
            raise RuntimeError("out of patience")
