"""Where student code runs: a process with no network, no files, no children, and little time and memory.

`Sandbox` is that process; what shuts it in stands in `assignments.isolation`. `InProcess` has no walls: it is for one's
own code on one's own machine. Both are asked the same way, ``call(function, *arguments)``, and only what
`assignments.inside.codec` encodes comes back.
"""

from __future__ import annotations

import builtins
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np

from assignments.inside.codec import decode, encode
from assignments.inside.notebook import Notebook
from assignments.inside.worker import answer
from assignments.isolation import Bubblewrap, NoIsolation

PROCESSOR_TIME = 5  # seconds of computing for all the calls of one question; the reference needs milliseconds
WALL_TIME = 15  # seconds, for code that waits instead of computing
STARTING_TIME = 60  # seconds, for a machine with much else to do
LONGEST_ANSWER = 4_000_000  # bytes
MOST_PARTS = 50_000  # numbers, lists and texts in an answer; an array counts as one
LIMITS = {
    "RLIMIT_AS": 1 << 30,
    "RLIMIT_CPU": PROCESSOR_TIME,
    "RLIMIT_NPROC": 0,  # neither processes nor threads
    "RLIMIT_FSIZE": 1 << 20,
    "RLIMIT_NOFILE": 64,
    "RLIMIT_CORE": 0,
}
ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "OPENBLAS_NUM_THREADS": "1",  # a thread of BLAS would count as a process
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}


class StudentError(Exception):
    """What went wrong in the student's code, as a sentence; `kind` says it without any word of the student's."""

    def __init__(self, kind, sentence=""):
        super().__init__(sentence or kind)
        self.kind = kind


class MachineFailure(RuntimeError):
    """The machine could not run a student's code; the message says which machine and why."""


class Stopped(MachineFailure):
    """The isolation was closed meanwhile."""


def default_jobs():
    """Return how many submissions are best graded at a time."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class InProcess:
    """A notebook's functions in this very process, without walls and without limits: for one's own code."""

    def __init__(self, cells):
        self.notebook = Notebook(cells)

    def call(self, function, *arguments, **keywords):
        """Call a function of the notebook; see `Sandbox.call`."""
        request = json.loads(json.dumps(_request(function, arguments, keywords)))
        return parse_reply(answer(self.notebook, request), function, arguments, keywords)

    def close(self):
        """Do nothing: there is no process to end."""


class Sandbox:
    """A notebook's functions behind walls.

    Parameters
    ----------
    cells : list of str
        The notebook's code cells.
    isolation : Bubblewrap or UnprivilegedUser
    """

    def __init__(self, cells, isolation):
        self.cells = cells
        self.isolation = isolation
        self.process = None
        self.deadline = None
        self.out_of_time = False
        self.inside = []

    def start(self):
        """Start the process.

        Raises
        ------
        OSError
            If it does not start. That is the machine's fault and never the student's, whose code is not read before.
        """
        self.process = subprocess.Popen(
            self.isolation.command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
            bufsize=0,
        )
        for pipe in (self.process.stdin, self.process.stdout):
            os.set_blocking(pipe.fileno(), False)
        self.received = b""
        left = WALL_TIME if self.deadline is None else self.deadline - time.monotonic()
        self.deadline = time.monotonic() + STARTING_TIME
        try:
            self._send({"cells": self.cells, "limits": LIMITS})
            self._receive()
            self.inside = _children(self.process.pid)
            self.deadline = time.monotonic() + left  # starting is the machine's time, not the student's
        except StudentError:
            self.out_of_time = False
            self.process.kill()
            said = self.process.stderr.read(2000).decode("utf-8", "replace").strip()
            self.close()
            raise OSError(said or "the process with the student's code did not start") from None

    def call(self, function, *arguments, **keywords):
        """Call a function of the notebook and return what it returned.

        Arrays among the arguments are left as the student's code left its own copies, as if it had run here.

        Raises
        ------
        StudentError
            If the function is missing, fails, does not come back, or returns what cannot cross.
        """
        if self.out_of_time:
            raise StudentError(f"`{function}` was not called again after it had taken too long")
        if self.process is None:
            self.start()
        try:
            self._send(_request(function, arguments, keywords))
            return parse_reply(self._receive(), function, arguments, keywords)
        except _Lost as lost:
            self.close()
            raise StudentError(f"`{function}` {lost}") from None

    def close(self):
        """End the process and everything in it."""
        if self.process is not None:
            if not self.inside:
                self.process.kill()
            for inside in self.inside:  # bubblewrap's own process in there, which a student's code may have taken over
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(inside, signal.SIGKILL)
                os.close(inside)
            self.inside = []
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
                pipe.close()
            self.process = None

    def _send(self, request):
        data = json.dumps(request).encode("ascii") + b"\n"
        pipe = self.process.stdin.fileno()
        while data:
            self._wait([], [pipe])
            try:
                data = data[os.write(pipe, data) :]
            except BrokenPipeError:
                raise self._gone() from None

    def _receive(self):
        pipe = self.process.stdout.fileno()
        while b"\n" not in self.received:
            self._wait([pipe], [])
            data = os.read(pipe, 1 << 16)
            if not data:
                raise self._gone()
            self.received += data
            if len(self.received) > LONGEST_ANSWER:
                raise _Lost("returned more than the grader reads")
        line, self.received = self.received.split(b"\n", 1)
        if line.count(b",") > MOST_PARTS:
            raise _Lost("returned more than the grader reads")
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            raise _Lost(UNREADABLE) from None

    def _wait(self, readers, writers):
        if not any(select.select(readers, writers, [], max(0.0, self.deadline - time.monotonic()))):
            self.out_of_time = True
            raise _Lost(f"did not come back within {WALL_TIME} seconds and was stopped")

    def _gone(self):
        """Tell from its last sign of life why the process ended."""
        try:
            code = self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return _Lost("closed its line to the grader")
        number = -code if code < 0 else code - 128  # a shell's way to say it, and bubblewrap's
        if number in (signal.SIGXCPU, signal.SIGKILL):
            self.out_of_time = True
            return _Lost(f"used up the {PROCESSOR_TIME} seconds of computing that all calls of a question have")
        if number == signal.SIGSEGV:
            return _Lost("crashed Python: perhaps a recursion without end")
        return _Lost("ended Python instead of returning")


def find_isolation():
    """Return the walls that this machine can build.

    Raises
    ------
    NoIsolation
        Where there are none; it says what to install.
    """
    if not shutil.which("bwrap"):
        raise NoIsolation(
            "Student code is not run without walls around it, and bubblewrap is not installed here. On Debian and "
            "Ubuntu: sudo apt-get install bubblewrap. On macOS and Windows: use Linux in a virtual machine or WSL 2."
        )
    trial = Sandbox([], Bubblewrap())
    try:
        trial.start()
    except OSError as error:
        raise NoIsolation(
            f"Student code is not run without walls around it, and bubblewrap does not work here: {error}. An "
            "administrator can allow user namespaces: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 on "
            "Ubuntu 24.04, kernel.unprivileged_userns_clone=1 on an older Debian; a container needs --privileged."
        ) from None
    finally:
        trial.close()
    return trial.isolation


def _children(pid):
    """Return handles of the processes that a process has started; unlike numbers they are not given to others."""
    try:
        return [os.pidfd_open(int(one)) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class _Lost(StudentError):
    """The process is no longer of use."""


UNREADABLE = "sent the grader something that is no answer"


def _request(function, arguments, keywords):
    return {"function": function, "arguments": encode(list(arguments)), "keywords": encode(keywords)}


def parse_reply(reply, function, arguments, keywords):
    """Turn the worker's reply into a value or a `StudentError`; the reply may be forged."""
    try:
        if "missing" in reply:
            raise StudentError(f"`{function}` is missing, or what it needs failed", str(reply["missing"])[:1000])
        if "refused" in reply:
            refused = str(reply["refused"])[:1000]
            raise StudentError(f"`{function}` returned something else than numbers", f"`{function}` returned {refused}")
        if "raised" in reply:
            raised, message = str(reply["raised"])[:80], str(reply["message"])[:1000]
            known = getattr(builtins, raised, None)
            ours = isinstance(known, type) and issubclass(known, BaseException)
            kind = f"`{function}` raised {raised if ours else 'an error of its own'}"
            raise StudentError(kind, f"`{function}` raised {raised}{': ' if message else ''}{message}")
        result = decode(reply["result"])
        left, left_by_name = decode(reply["arguments"]), decode(reply["keywords"])
        for mine, theirs in zip([*arguments, *keywords.values()], [*left, *left_by_name.values()], strict=True):
            _mirror(mine, theirs)
        return result
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise _Lost(UNREADABLE) from None


def _mirror(mine, theirs):
    """Change our array, or the arrays in our list or dictionary, to what the student's code made of its copy."""
    if isinstance(mine, np.ndarray):
        if not isinstance(theirs, np.ndarray) or theirs.shape != mine.shape:
            raise ValueError("not the array that was sent")
        mine[...] = theirs
    elif isinstance(mine, list | tuple):
        for ours, other in zip(mine, theirs, strict=True):
            _mirror(ours, other)
    elif isinstance(mine, dict):
        for name, ours in mine.items():
            _mirror(ours, theirs[name])
