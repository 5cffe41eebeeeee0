"""Named checks that all run, a line each, and an exit code that says whether they passed."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn


class Checks:
    """Runs checks as they are declared and remembers how each ended.

    A check is a function without arguments that raises when something is wrong::

        @checks.check("the project has its runs")
        def _() -> None:
            equal(len(runs), 27)
    """

    def __init__(self) -> None:
        self._lines: list[tuple[str, str, float, str]] = []

    def check(self, name: str) -> Callable[[Callable[[], None]], None]:
        """Runs the decorated function at once, under `name`."""

        def run(function: Callable[[], None]) -> None:
            started = time.monotonic()
            try:
                function()
                outcome, details = "pass", ""
            except AssertionError as error:
                outcome, details = "FAIL", str(error)
            except Exception:  # noqa: BLE001 - whatever the SDK raises is this check's failure
                outcome, details = "FAIL", traceback.format_exc(limit=-4)
            self._lines.append((outcome, name, time.monotonic() - started, details))

        return run

    def finish(self, *, at_once: bool = False) -> NoReturn:
        """Prints the table and ends the process; `at_once` for libraries whose threads now and then abort a process that ends."""
        width = max((len(name) for _, name, _, _ in self._lines), default=0)
        for outcome, name, seconds, details in self._lines:
            print(f"{outcome}  {name:<{width}}  {seconds:6.2f} s")
            for line in details.splitlines():
                print(f"      {line[:2000]}")
        failed = sum(outcome != "pass" for outcome, _, _, _ in self._lines)
        print(f"{len(self._lines) - failed} of {len(self._lines)} checks passed")
        sys.stdout.flush()
        code = 0 if self._lines and not failed else 1
        if at_once:
            os._exit(code)
        sys.exit(code)


def equal(found: Any, wanted: Any, what: str = "") -> None:
    """Fails unless the two are equal."""
    if found != wanted:
        raise AssertionError(f"{what}\nfound:  {found!r}\nwanted: {wanted!r}".lstrip("\n"))


def holds(condition: object, details: object = "") -> None:
    """Fails unless `condition` holds."""
    if not condition:
        raise AssertionError(f"it does not hold: {details}")


def raises(error: type[BaseException], text: str, call: Callable[[], Any]) -> None:
    """Fails unless `call` raises this kind of error with this text in it."""
    try:
        result = call()
    except error as raised:
        if text not in str(raised):
            raise AssertionError(f"the error is {raised!r}, without `{text}`") from raised
        return
    raise AssertionError(f"nothing was raised; the result is {result!r}")
