"""Disturb a grading run as a machine and people do: Ctrl-C, pauses, processes killed from outside."""

import os
import pty
import random
import select
import signal
import sys
import time
from pathlib import Path


class Run:
    """A grading run on a terminal of its own.

    Parameters
    ----------
    course : Path
        The folder with ``submissions`` and ``course.secret``.
    results : str
    jobs : int
    name : str
        Of the problem set.
    """

    def __init__(self, course, results, jobs=2, name="ps3"):
        command = [sys.executable, "-m", "assignments", "grade", name, "submissions", results, "--jobs", str(jobs)]
        self.number, self.terminal = pty.fork()
        if self.number == 0:
            os.chdir(course)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell lets what it runs in the background ignore it
            os.execv(command[0], command)
        self.said = b""
        self.code = None

    def watch(self, seconds):
        """Let it go on, and read what it says; return whether it still runs."""
        end = time.monotonic() + seconds
        while self.code is None and time.monotonic() < end:
            if select.select([self.terminal], [], [], 0.05)[0]:
                try:
                    self.said += os.read(self.terminal, 1 << 16)
                except OSError:  # its end of the terminal is closed
                    time.sleep(0.05)
            number, status = os.waitpid(self.number, os.WNOHANG)
            if number:
                self.code = os.waitstatus_to_exitcode(status)
                os.close(self.terminal)
        return self.code is None

    def finish(self, seconds=600):
        """Wait until it ends, and return its exit code."""
        if self.watch(seconds):
            os.kill(self.number, signal.SIGKILL)
            raise TimeoutError(self.said.decode(errors="replace")[-2000:])
        return self.code

    def interrupt(self):
        """Press Ctrl-C."""
        os.write(self.terminal, b"\x03")

    def descendants(self):
        """Return the processes that it has started, and those that these have, the youngest last."""
        found, left = [], [self.number]
        while left:
            number = left.pop(0)
            for task in Path(f"/proc/{number}/task").glob("*"):
                try:
                    children = [int(one) for one in (task / "children").read_text().split()]
                except OSError:
                    continue
                found += children
                left += children
        return found

    def kill_one(self, chance=random):
        """Kill a process behind the walls, as the kernel does where memory runs out."""
        if others := self.descendants()[1:]:
            try:
                os.kill(chance.choice(others[-4:]), signal.SIGKILL)
            except ProcessLookupError:
                return False
        return bool(others)

    def pause(self, seconds, everything=True):
        """Stop it, with all that it has started or alone, and let it go on."""
        numbers = [self.number, *(self.descendants() if everything else [])]
        for what in (signal.SIGSTOP, signal.SIGCONT):
            for number in numbers:
                try:
                    os.kill(number, what)
                except ProcessLookupError:
                    continue
            if what == signal.SIGSTOP:
                time.sleep(seconds)

    def pause_behind_the_walls(self, seconds):
        """Stop what it has started and not itself, and let that go on."""
        numbers = self.descendants()
        for number in numbers:
            try:
                os.kill(number, signal.SIGSTOP)
            except ProcessLookupError:
                continue
        self.watch(seconds)
        for number in numbers:
            try:
                os.kill(number, signal.SIGCONT)
            except ProcessLookupError:
                continue
