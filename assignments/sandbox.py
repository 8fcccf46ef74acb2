"""Where student code runs: a process with no network, no files, no children, and little time and memory.

`Sandbox` is that process; what shuts it in stands in `assignments.isolation`. `InProcess` has no walls: it is for one's
own code on one's own machine. Both are asked the same way, ``call(function, *arguments)``, and only what
`assignments.inside.codec` encodes comes back.

Three things can end a call that does not return, and they are told apart: the student's code did it, or reached a limit
(`StudentError`); the machine did it (`MachineFailure`); or the grader was stopped (`Stopped`).
"""

from __future__ import annotations

import builtins
import contextlib
import json
import os
import platform
import select
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assignments.inside import limits
from assignments.inside.codec import NotAllowed, decode, encode
from assignments.inside.notebook import PLANS, Notebook, Outline, Steps
from assignments.inside.worker import answer
from assignments.isolation import Bubblewrap, NoIsolation, UnprivilegedUser


class StudentError(Exception):
    """What went wrong in the student's code, as a sentence; `kind` says it without any word of the student's."""

    def __init__(self, kind: str, sentence: str = "") -> None:
        super().__init__(sentence or kind)
        self.kind = kind


class OutOfTime(StudentError):
    """The student's code used up the time that a question has."""


class MachineFailure(RuntimeError):
    """The machine kept a question from being graded. The message names the machine and the cause."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"the machine {platform.node()} could not run it: {cause}")


class Stopped(MachineFailure):
    """The grader was told to stop while a question was in flight."""

    def __init__(self) -> None:
        super().__init__("the grader was stopped")


ENDING = 0x4  # the flag of a process that has begun to end, before it closes its lines: PF_EXITING in Linux
ENDED = "ended Python, or closed its line to the grader, instead of returning"
ALL_ENDED = "the process that starts all others has ended"
UNREADABLE = "sent the grader something that is no answer"
TOO_MUCH = "returned more than the grader reads"


class InProcess:
    """A notebook's functions in this very process, without walls and without limits: for one's own code.

    Parameters
    ----------
    cells : list of str
        The notebook's code cells.

    Attributes
    ----------
    plan : str
        Which parts of the notebook are run; see `assignments.inside.notebook`.
    steps : dict
        What the plan runs, as far as it is known.
    out_of_time : bool
        Never, for there is no limit.
    """

    out_of_time = False

    def __init__(self, cells: Sequence[str]) -> None:
        self.notebook = Notebook(list(cells))
        self.plan = PLANS[0]
        self.steps: Steps = {}

    def outlines(self, groups: Sequence[Sequence[str]]) -> list[Outline]:
        """Return the plans that differ for each group of functions, and what they run."""
        return [self.notebook.outline(functions) for functions in groups]

    def call(self, function: str, *arguments: Any, **keywords: Any) -> Any:
        """Call a function of the notebook; see `Sandbox.call`."""
        self.notebook.plan, self.notebook.steps = self.plan, self.steps
        request = json.loads(json.dumps(_request(function, arguments, keywords)))
        return parse_reply(answer(self.notebook, request), function, arguments, keywords)

    def close(self) -> None:
        """Do nothing: there is no process to end."""


class ForkServer:
    """The one interpreter behind the walls that is copied for each question; safe to use from several threads.

    Parameters
    ----------
    isolation : Bubblewrap or UnprivilegedUser
    """

    def __init__(self, isolation: Bubblewrap | UnprivilegedUser) -> None:
        self.isolation = isolation
        self.process: subprocess.Popen[bytes] | None = None
        self.line: socket.socket | None = None
        self.ready = self.stopped = False
        self.lock = threading.Lock()
        self.spare: deque[Worker] = deque()

    def begin(self) -> None:
        """Start the interpreter, but do not wait until it is ready.

        Raises
        ------
        MachineFailure
            If it does not start.
        """
        self.ready = False
        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.process = subprocess.Popen(
                self.isolation.command(),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=self.isolation.environment(),
                start_new_session=True,  # a terminal's Ctrl-C is for the grader
            )
        except OSError as error:
            raise MachineFailure(f"{error.filename or 'a process'} does not start: {error.strerror}") from None
        finally:
            theirs.close()

    def _wait(self) -> None:
        """Wait until it is ready; raise `MachineFailure` if it ends instead."""
        assert self.line and self.process
        patience = Patience(limits.STARTING_TIME, "it took too long to start Python")
        while not select.select([self.line], [], [], limits.TICK)[0]:
            if self.stopped:
                raise Stopped
            patience.tick()
        if not self._received():
            assert self.process.stderr
            self.process.kill()
            said = self.process.stderr.read(5000).decode("utf-8", "replace").strip().splitlines()
            self._end()
            raise MachineFailure(said[-1] if said else "Python ended while it started")
        self.ready = True

    def _received(self) -> bytes:
        assert self.line
        with contextlib.suppress(ConnectionError):
            return self.line.recv(100)
        return b""

    def fork(self) -> Worker:
        """Return a new process, a copy of the interpreter, that has not seen anything yet.

        Where copies are walled off from each other, too, the next ones are made while this one works.
        """
        with self.lock:
            if self.stopped:
                raise Stopped
            if self.process is None or self.process.poll() is not None:
                self._end()
                self.begin()
            if not self.ready:
                self._wait()
            while len(self.spare) <= self.isolation.ahead:
                self.spare.append(Worker(self))
            worker = self.spare.popleft()
        worker.begin()
        return worker

    def close(self) -> None:
        """End the interpreter and all its copies; a call that waits for one raises `Stopped`."""
        self.stopped = True
        with self.lock:
            self._end()

    def _end(self) -> None:
        while self.spare:
            self.spare.pop().close()
        process, line, self.process, self.line = self.process, self.line, None, None
        if line is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()
        if process is not None:
            try:
                process.wait(timeout=1)  # it goes when its line is closed, and everything behind the walls goes with it
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stderr
            process.stderr.close()

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Patience:
    """How long the grader waits for the machine, in ticks of its own; a tick in which it was stopped counts as one."""

    def __init__(self, seconds: float, cause: str) -> None:
        self.left, self.cause = seconds, cause

    def tick(self) -> None:
        """Count a tick.

        Raises
        ------
        MachineFailure
            If it was the last.
        """
        self.left -= limits.TICK
        if self.left < 0:
            raise MachineFailure(self.cause)


@dataclass
class Spent:
    """What a question has used up of its time, in seconds."""

    computing: float = 0.0
    waiting: float = 0.0


class Usage:
    """What a process uses up, seen from outside.

    It waits of its own accord while it sleeps: it neither runs, nor would run if it had a processor (Linux counts both
    for each process in nanoseconds), nor is stopped, nor waits for a disk.

    Parameters
    ----------
    handle : int
        A pidfd, which unlike a number is not given to another process.
    """

    def __init__(self, handle: int) -> None:
        self.handle = handle
        about = Path(f"/proc/self/fdinfo/{handle}").read_text()
        self.number = int(about.split("Pid:")[1].split()[0])
        self.place = Path(f"/proc/{self.number}")
        self.ran, self.queued = self._schedule()

    def _schedule(self) -> tuple[float, float]:
        """Return for how long it has run, and for how long it waited for a processor, in seconds."""
        ran, queued, _ = (self.place / "schedstat").read_text().split()
        return int(ran) / 1e9, int(queued) / 1e9

    def tick(self) -> tuple[float, float]:
        """Return for how long it computed since the last look, and for how long it waited of its own accord.

        The last look was a tick ago. If it was longer ago, something kept the grader itself, and it counts as a tick.
        """
        try:
            ran, queued = self._schedule()
            sleeps = self._state()[0] == "S"
        except OSError:  # it has ended, and the fork server says how
            return 0.0, 0.0
        computed, busy = ran - self.ran, ran - self.ran + queued - self.queued
        self.ran, self.queued = ran, queued
        return computed, max(0.0, limits.TICK - busy) if sleeps else 0.0

    def lives(self) -> bool:
        """Return whether the process still runs and has not begun to end, be it stopped or not."""
        try:
            state, *_, flags = self._state()[:7]
            signal.pidfd_send_signal(self.handle, 0)  # it is there, so that this was its state and not a successor's
        except OSError:
            return False
        return state not in "ZX" and not int(flags) & ENDING

    def _state(self) -> list[str]:
        """Return what Linux says about the process, from its state on; see proc_pid_stat(5)."""
        return (self.place / "stat").read_text().rsplit(")", 1)[1].split()


class Worker:
    """One copy of the fork server's interpreter, and the lines to it. It is used for one question and then ended."""

    def __init__(self, server: ForkServer) -> None:
        self.server = server
        self.spent = Spent()
        self.usage: Usage | None = None
        self.handle = -1  # see `Usage`
        self.received = b""
        self.read = 0
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        requests, self.requests = os.pipe()
        self.replies, replies = os.pipe()
        try:
            for pipe in (self.requests, self.replies):
                os.set_blocking(pipe, False)
            assert server.line
            socket.send_fds(server.line, [b"fork"], [requests, replies, theirs.fileno()])
        except OSError:
            self.close()
            raise self._failure(ALL_ENDED) from None
        finally:
            for line in (requests, replies):
                os.close(line)
            theirs.close()

    def begin(self) -> None:
        """Wait until the process has shut everything else out.

        Raises
        ------
        MachineFailure
            If it does not come to that.
        """
        try:
            self._wait()
        except OSError:
            self.close()
            raise self._failure(ALL_ENDED) from None
        except _Ended:
            self.close()
            raise self._failure("a process ended while it started") from None
        except BaseException:
            self.close()
            raise

    def _wait(self) -> None:
        self.patience = Patience(limits.STARTING_TIME, "it took too long to start a process")
        while not select.select([self.control], [], [], limits.TICK)[0]:
            self.patience.tick()
        told, handles, _, _ = socket.recv_fds(self.control, 1000, 1)
        if not handles:
            raise self._failure(json.loads(told)["failed"] if told else "a process could not be started")
        self.handle = handles[0]
        ready = json.loads(self._line())
        if ready != "ready":
            raise self._failure(ready["failed"])
        try:
            self.usage = Usage(self.handle)
        except OSError as error:  # it was ended already, or the kernel does not count
            raise self._failure(f"what a process computes cannot be seen: {error}") from None

    def _failure(self, cause: str) -> MachineFailure:
        return Stopped() if self.server.stopped else MachineFailure(cause)

    def send(self, request: Any) -> None:
        """Send a request.

        Raises
        ------
        StudentError, MachineFailure
            If it is not taken.
        """
        cause = f"there was no reply in {limits.PATIENCE} seconds, in which it hardly ran"
        self.patience = Patience(limits.PATIENCE, cause)
        rest = memoryview(json.dumps(request).encode("ascii") + b"\n")
        try:
            while rest:
                try:
                    rest = rest[os.write(self.requests, rest) :]
                except BlockingIOError:  # the pipe is full: it is read, or somebody at the other end fills it again
                    if not select.select([], [self.requests], [], limits.TICK)[1]:
                        self._tick()
        except BrokenPipeError:
            raise self._why_ended() from None

    def reply(self, most_parts: int) -> Any:
        """Return the reply to the last request, which may be forged.

        Parameters
        ----------
        most_parts : int
            How many parts it may have.

        Raises
        ------
        StudentError, MachineFailure
            If there is none.
        """
        try:
            line = self._line()
        except _Ended:
            raise self._why_ended() from None
        if line.count(b",") > most_parts:
            raise StudentError(TOO_MUCH)
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            raise StudentError(UNREADABLE) from None

    def _line(self) -> bytes:
        while b"\n" not in self.received:
            if not select.select([self.replies], [], [], limits.TICK)[0]:
                self._tick()
                continue
            try:
                data = os.read(self.replies, 1 << 16)
            except BlockingIOError:  # somebody at the other end has emptied the pipe
                time.sleep(limits.TICK)
                self._tick()
                continue
            if not data:
                raise _Ended
            self.received += data
            self.read += len(data)
            if len(self.received) > limits.LONGEST_REPLY or self.read > limits.LONGEST_QUESTION:
                raise StudentError(TOO_MUCH)
        line, self.received = self.received.split(b"\n", 1)
        return line

    def _tick(self) -> None:
        """Count what the process has used up, after a tick without an answer."""
        self.patience.tick()
        if self.usage is None:
            return
        computed, waited = self.usage.tick()
        self.spent.computing += computed
        self.spent.waiting += waited
        if self.spent.computing >= limits.PROCESSOR_TIME:
            raise OutOfTime(USED_UP)
        if self.spent.waiting >= limits.WAITING_TIME:
            raise OutOfTime(f"did not come back within {limits.WAITING_TIME} seconds and was stopped")

    def _why_ended(self) -> Exception:
        """Say why the process does not reply any more.

        A process that lives closed its line itself. How another one ended the fork server says, be it later: no time
        that has passed decides.
        """
        self.patience = Patience(limits.PATIENCE, "a process ended, and the one that watches over it did not say how")
        while not select.select([self.control], [], [], limits.TICK)[0]:
            if self.usage and self.usage.lives():
                return StudentError(ENDED)
            self.patience.tick()
        told = b""
        with contextlib.suppress(ConnectionError):
            told = self.control.recv(1000)
        if not told:
            return self._failure("something outside the grader ended the process that watches over it")
        ended = json.loads(told)
        if ended["code"] == -signal.SIGKILL:
            if ended["seconds"] >= limits.PROCESSOR_TIME:
                return OutOfTime(USED_UP)
            return self._failure("something outside the grader killed the process; perhaps its memory was full")
        if ended["code"] == -signal.SIGSEGV:
            return StudentError("crashed Python: perhaps a recursion without end")
        return StudentError(ENDED)

    def close(self) -> None:
        """End the process, and with it everything that it started."""
        if self.handle >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            os.close(self.handle)
            self.handle = -1
        self.control.close()
        for pipe in (self.requests, self.replies):
            if pipe >= 0:
                os.close(pipe)
        self.requests = self.replies = -1


class _Ended(Exception):
    """The other end of the line is closed."""


USED_UP = f"used up the {limits.PROCESSOR_TIME} seconds of computing that all calls of a question have"


class Sandbox:
    """A notebook's functions behind walls.

    Parameters
    ----------
    cells : list of str
        The notebook's code cells.
    server : ForkServer

    Attributes
    ----------
    plan : str
        Which parts of the notebook are run; see `assignments.inside.notebook`.
    steps : dict
        What the plan runs, as far as it is known; the process reads the notebook for the rest.
    out_of_time : bool
        Whether the student's code has used up the time that a question has.
    """

    def __init__(self, cells: Sequence[str], server: ForkServer) -> None:
        self.cells, self.server = list(cells), server
        self.plan = PLANS[0]
        self.steps: Steps = {}
        self.worker: Worker | None = None
        self.spent = Spent()
        self.out_of_time = False

    def outlines(self, groups: Sequence[Sequence[str]]) -> list[Outline]:
        """Return the plans that differ for each group of functions, and what they run.

        A process that has not run anything yet reads that from the notebook.

        Raises
        ------
        StudentError
            If the notebook cannot be read.
        """
        who = "the notebook cannot be read: the process"
        reply: list[Outline] = self._ask({"outlines": list(groups)}, who, limits.LONGEST_REPLY)
        return reply

    def call(self, function: str, *arguments: Any, **keywords: Any) -> Any:
        """Call a function of the notebook and return what it returned.

        Arrays among the arguments are left as the student's code left its own copies, as if it had run here.

        Raises
        ------
        StudentError
            If the function is missing, fails, does not come back, or returns what cannot cross.
        MachineFailure
            If the machine kept it from returning.
        """
        reply = self._ask(_request(function, arguments, keywords), f"`{function}`")
        try:
            return parse_reply(reply, function, arguments, keywords)
        except Forged:
            self.close()
            raise

    def _ask(self, request: Any, who: str, most_parts: int = limits.MOST_PARTS) -> Any:
        """Send a request to the process, which is started at the first, and return the reply."""
        if self.out_of_time:
            raise OutOfTime(f"{who} was not called again after it had taken too long")
        try:
            if self.worker is None:
                self.worker = self.server.fork()
                self.worker.spent = self.spent
                self.worker.send({"cells": self.cells, "plan": self.plan, "steps": self.steps})
            self.worker.send(request)
            return self.worker.reply(most_parts)
        except StudentError as lost:
            self.out_of_time = isinstance(lost, OutOfTime)
            self.close()
            raise type(lost)(f"{who} {lost}") from None

    def close(self) -> None:
        """End the process and everything in it."""
        if self.worker is not None:
            self.worker.close()
            self.worker = None


def find_isolation(begun: ForkServer | None = None) -> ForkServer:
    """Return a fork server behind the walls that this machine can build, started and tried.

    Parameters
    ----------
    begun : ForkServer, optional
        One that may have been started already.

    Raises
    ------
    NoIsolation
        Where there are none; it says what to install or allow.
    """
    server = begun or ForkServer(Bubblewrap())
    try:
        server.fork().close()
    except MachineFailure as error:
        server.close()
        raise NoIsolation(f"Student code is not run without walls around it, and {_advice(str(error))}") from None
    return server


def _advice(said: str) -> str:
    """Say what to do about a failure to start."""
    if "execvp" in said or "No such file" in said:
        return f"Python cannot be started behind them: {said}. The path that it names must exist and be readable."
    if "filter of system calls" in said:
        return f"{said}. It is graded on 64-bit Intel, AMD and ARM processors."
    return (
        f"bubblewrap does not work here: {said}. An administrator can allow user namespaces: sudo sysctl -w "
        "kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu 24.04, kernel.unprivileged_userns_clone=1 on an "
        "older Debian; a container needs --privileged."
    )


def default_jobs() -> int:
    """Return how many submissions are graded at a time where nobody says it.

    One for each processor, and one more, which goes on while the others wait for their processes.
    """
    return 1 + (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


class Forged(StudentError):
    """A reply that the worker would never have sent."""


def _request(function: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"function": function, "arguments": encode(list(arguments)), "keywords": encode(dict(keywords))}
    except NotAllowed as error:  # a test hands on what it got from the student's code
        raise StudentError(f"`{function}` cannot be called with {error}") from None


def parse_reply(reply: Any, function: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
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
        if "arguments" in reply:  # else they are as they were
            _mirror(arguments, decode(reply["arguments"]))
        if "keywords" in reply:
            _mirror(keywords, decode(reply["keywords"]))
        return result
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise Forged(f"`{function}` {UNREADABLE}") from None


def _mirror(mine: Any, theirs: Any) -> None:
    """Change our array, or the arrays in our list or dictionary, to what the student's code made of its copy."""
    if isinstance(mine, np.ndarray):
        if not isinstance(theirs, np.ndarray) or theirs.shape != mine.shape:
            raise ValueError("not the array that was sent")
        mine[...] = theirs
    elif isinstance(mine, list | tuple):
        if not isinstance(theirs, list):
            raise ValueError("not the list that was sent")
        for ours, other in zip(mine, theirs, strict=True):
            _mirror(ours, other)
    elif isinstance(mine, dict):
        for name, ours in mine.items():
            _mirror(ours, theirs[name])
