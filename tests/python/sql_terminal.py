"""`runlake sql` at a terminal: completion, several lines, Ctrl-C, Ctrl-D, and the history of the next time.

    python sql_terminal.py RUNLAKE LAKE
"""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path

from checks import Checks, equal, holds

RUNLAKE, LAKE = sys.argv[1:]
SECONDS = 60
checks = Checks()


class Terminal:
    """The shell in a terminal of its own."""

    def __init__(self) -> None:
        self.process, self.screen = pty.fork()
        if self.process == 0:
            os.environ["TERM"] = "xterm"
            os.execv(RUNLAKE, [RUNLAKE, "sql", "--lake", LAKE])
        self.text = ""

    def wait_for(self, wanted: str) -> str:
        """What is on the screen, up to and with `wanted`, and after the last one that was waited for."""
        end = time.monotonic() + SECONDS
        while wanted not in self.text:
            if time.monotonic() > end:
                raise AssertionError(f"`{wanted}` did not come; the screen has {self.text!r}")
            if select.select([self.screen], [], [], 0.1)[0]:
                try:
                    read = os.read(self.screen, 65536)
                except OSError:
                    raise AssertionError(f"the shell ended; the screen has {self.text!r}") from None
                self.text += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", read.decode(errors="replace"))
        before, _, self.text = self.text.partition(wanted)
        return before + wanted

    def type(self, keys: str) -> None:
        """Presses keys."""
        os.write(self.screen, keys.encode())

    def end(self) -> int:
        """Waits for the end, and gives the exit code."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if select.select([self.screen], [], [], 0.1)[0]:
                try:
                    os.read(self.screen, 65536)
                except OSError:
                    pass
            process, status = os.waitpid(self.process, os.WNOHANG)
            if process:
                return os.waitstatus_to_exitcode(status)
        os.kill(self.process, signal.SIGKILL)
        raise AssertionError("the shell did not end")


@checks.check("a statement of two lines, a word completed, and what was begun forgotten")
def _() -> None:
    terminal = Terminal()
    terminal.wait_for("runlake> ")
    terminal.type("SELECT count(*) AS number_of\r")
    terminal.wait_for("...> ")
    terminal.type("FROM ru\t\t")
    terminal.wait_for("runs")
    terminal.type("\x03")
    terminal.wait_for("runlake> ")
    terminal.type("SELECT count(*) AS number_of\r")
    terminal.wait_for("...> ")
    terminal.type("FROM runs;\r")
    terminal.wait_for("number_of\r\n")
    shown = terminal.wait_for("runlake> ")
    holds("6" in shown, shown)
    # The editor writes its prompt again with every key, so what is waited for is what a statement says.
    terminal.type("SELECT state FROM histori\t WHERE false;\r")
    terminal.wait_for("there is no column `state`")
    terminal.wait_for("^^^^^")
    terminal.wait_for("runlake> ")
    terminal.type(".schema histories\r")
    terminal.wait_for("_rescued_data")
    terminal.wait_for("runlake> ")
    terminal.type("\x04")
    equal(terminal.end(), 0)


@checks.check("the statement is there the next time")
def _() -> None:
    history = Path(os.environ["HOME"]) / ".local/state/runlake/sql_history"
    holds("number_of" in history.read_text(), history)
    terminal = Terminal()
    terminal.wait_for("runlake> ")
    terminal.type("\x1b[A")
    terminal.wait_for(".schema histories")
    terminal.type("\x03")
    terminal.wait_for("runlake> ")
    terminal.type(".quit\r")
    equal(terminal.end(), 0)


@checks.check("Ctrl-C ends a statement, and not the shell")
def _() -> None:
    terminal = Terminal()
    terminal.wait_for("runlake> ")
    tables = " CROSS JOIN ".join(f"histories t{number}" for number in range(9))
    terminal.type(f"SELECT count(*) FROM {tables} WHERE {' + '.join(f't{number}._step' for number in range(9))} = 1;\r")
    terminal.wait_for("= 1;")
    time.sleep(0.5)
    terminal.type("\x03")
    terminal.wait_for("stopped")
    terminal.wait_for("runlake> ")
    terminal.type(".tables\r")
    terminal.wait_for("system_metrics")
    terminal.wait_for("runlake> ")
    terminal.type("\x04")
    equal(terminal.end(), 0)


checks.finish()
