"""Calls every member of the official SDK's run API once or more, and prints what each answered: a JSON object a line.

The same calls are made through runlake by `tests/src/members`, and the answers are compared. A step is named after its member; its answer
holds nothing that differs from one fresh backend to the next, such as times. To add members, add steps to a file `member_*.py`, steps of
the same names to `tests/src/members`, and rows to `tests/members.tsv`.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from pathlib import Path

from member_steps import STEPS

for path in sorted(Path(__file__).parent.glob("member_*.py")):
    importlib.import_module(path.stem)

for name, call in STEPS.items():
    try:
        line = {"member": name, "answer": call()}
    except Exception as error:  # noqa: BLE001 - whatever the SDK raises is this member's answer
        line = {"member": name, "error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc(limit=-3)}
    print(json.dumps(line), flush=True)
sys.exit(0)
