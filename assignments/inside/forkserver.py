"""An interpreter that has already imported what student code needs, and is copied for each question.

The grader starts this module as a program behind the walls and asks it over a socket for one process after the other.
This program itself never reads a byte of a student's. A copy, the *worker* of a question, has namespaces of its own:
its process is the only one it can see, its /tmp is empty and new, and all of it ends with the process. How it ended and
how much processor time it used, the grader is told by this program; no word of that passes through the worker.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path

from assignments.inside import limits, seccomp
from assignments.inside.worker import serve

NOBODY = 65534
USER, GROUP = os.geteuid(), os.getegid()
# What is imported before the first copy is made; where a machine lacks one, students do not have it either.
# The modules with libraries of the system must be among them, for the copies do not see these libraries.
IMPORTED = (
    "numpy",
    "numpy.linalg",
    *("numpy.fft", "numpy.ma", "numpy.polynomial", "numpy.random", "numpy.testing"),
    "matplotlib.pyplot",  # most notebooks begin with it
    "IPython.core.inputtransformer2",  # reads magics
    *("bz2", "copy", "dataclasses", "decimal", "fractions", "functools", "hashlib", "itertools", "lzma", "math"),
    *("random", "sqlite3", "ssl", "statistics", "time", "typing", "uuid", "zlib", "zoneinfo"),
)
# Libraries of SciPy's, Pandas' and Matplotlib's, should somebody import them.
LIBRARIES = (
    "libdl.so.2",
    "libgcc_s.so.1",
    "libpthread.so.0",
    "librt.so.1",
    "libstdc++.so.6",
    "libutil.so.1",
    "libz.so.1",
)

# Numbers of the kernel's: see clone(2), mount(2), prctl(2) and capset(2).
NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PROCESSES = 0x00020000, 0x08000000, 0x10000000, 0x20000000
READ_ONLY, NO_SETUID, NO_DEVICES, PRIVATE = 1, 2, 4, 0x44000  # the last one for all mounts below, too
SET_PARENT_DEATH_SIGNAL, SET_DUMPABLE = 1, 4
CAPABILITIES_VERSION = 0x20080522
COLLAPSE, HUGE = 25, 1 << 21  # MADV_COLLAPSE of madvise(2), which Linux has since 6.1, and the size of a huge page

SYSTEM = ctypes.CDLL(None, use_errno=True)
PYTHON = ctypes.PyDLL(None, use_errno=True)  # keeps the interpreter's lock, as os.fork does


def _system(name: str, *arguments: object) -> None:
    if getattr(SYSTEM, name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def warm_up() -> None:
    """Import what students' code is likely to need, and read every file that it could read."""
    reader = os.fork()  # on another processor meanwhile
    if reader == 0:
        try:
            read_files(os.environ.get("READ_BEFORE", "").split(":"))
        finally:
            os._exit(0)
    for name in IMPORTED:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    for name in LIBRARIES:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
    os.waitpid(reader, 0)
    gc.collect()
    gc.freeze()  # the copies' garbage collector leaves these objects, and so the memory they share, alone
    use_huge_pages()


def use_huge_pages() -> None:
    """Put this program's memory into huge pages, where Linux can: it then takes a third less time to make a copy.

    A copy gets an entry for each page, thirteen thousand for 50 MB in small ones, and gives them back at its end.
    """
    for line in Path("/proc/self/maps").read_text("utf-8", "surrogateescape").splitlines():
        span, rights, _, _, file, *name = line.split()
        if rights == "rw-p" and file == "0" and name in ([], ["[heap]"]):
            begin, end = (int(address, 16) for address in span.split("-"))
            for page in range(-(-begin // HUGE) * HUGE, end - HUGE + 1, HUGE):
                SYSTEM.madvise(ctypes.c_void_p(page), ctypes.c_size_t(HUGE), COLLAPSE)


def read_files(folders: list[str]) -> None:
    """Read all files in some folders into the kernel's cache; nothing is copied from there.

    A file that is in the cache already tells nobody whether another question's code has read it.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for folder in folders:
        for place, _, files in os.walk(folder):
            for file in files:
                with contextlib.suppress(OSError):
                    opened = os.open(os.path.join(place, file), os.O_RDONLY)
                    try:
                        while os.sendfile(nowhere, opened, None, 1 << 30):
                            pass
                    finally:
                        os.close(opened)
    os.close(nowhere)


def fork_alone() -> int:
    """Fork, as os.fork does, a child with processes, mounts and shared memory of its own."""
    spaces = NEW_MOUNTS | NEW_IPC | NEW_PROCESSES | (0 if USER == 0 else NEW_USER)
    call, flags = ctypes.c_long(seccomp.clone()), ctypes.c_ulong(spaces | signal.SIGCHLD)
    PYTHON.PyOS_BeforeFork()
    child: int = PYTHON.syscall(call, flags, None, None, None, None)
    error = ctypes.get_errno()
    (PYTHON.PyOS_AfterFork_Parent if child else PYTHON.PyOS_AfterFork_Child)()
    if child < 0:
        raise OSError(error, f"clone: {os.strerror(error)}")
    return child


def keep_name() -> None:
    """Be in a new namespace the user that one is outside, unless that is root, who has none."""
    if USER != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{USER} {USER} 1")
        Path("/proc/self/gid_map").write_text(f"{GROUP} {GROUP} 1")


def furnish() -> None:
    """Mount an empty /tmp, and nothing over what the interpreter needed and student code does not."""
    _system("mount", None, b"/", None, PRIVATE, None)
    room = f"size={limits.TEMPORARY_FILES},nr_inodes={limits.TEMPORARY_NAMES},mode=1777".encode()
    _system("mount", b"tmpfs", b"/tmp", b"tmpfs", NO_SETUID | NO_DEVICES, room)
    for folder in os.environ["HIDE"].split(":"):
        empty = b"size=4k,nr_inodes=1,mode=555"
        _system("mount", b"tmpfs", folder.encode(), b"tmpfs", READ_ONLY | NO_SETUID | NO_DEVICES, empty)
    os.chdir("/tmp")


def drop_privileges(files_stay: bool) -> None:
    """Give up every right that student code does not need. There is no way back."""
    import resource  # Windows has none

    if os.geteuid() == 0:  # root is not bound by the limit on processes
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0)
    _system("capset", header, (ctypes.c_uint32 * 6)())
    _system("prctl", SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    _system("prctl", SET_DUMPABLE, 0, 0, 0, 0)
    for name, limit in [
        ("RLIMIT_AS", limits.MEMORY),
        ("RLIMIT_CPU", limits.PROCESSOR_TIME_OF_THE_KERNEL),
        ("RLIMIT_NPROC", 0),  # neither processes nor threads
        ("RLIMIT_FSIZE", limits.LARGEST_FILE),
        ("RLIMIT_NOFILE", limits.OPEN_FILES),
        ("RLIMIT_CORE", 0),
    ]:
        resource.setrlimit(getattr(resource, name), (limit, limit))
    seccomp.deny_system_calls(files_stay)


def work(requests: int, replies: int, alone: bool) -> None:
    """Be the worker: shut everything else out, then serve."""
    with os.fdopen(requests, encoding="ascii") as reader, os.fdopen(replies, "w", encoding="ascii") as writer:
        with contextlib.suppress(OSError):  # if memory runs out, rather this one is ended than the grader
            Path("/proc/self/oom_score_adj").write_text("1000")
        try:
            if alone:
                keep_name()
                furnish()
            drop_privileges(files_stay=not alone)
        except Exception as error:  # of this machine: no byte of a student's has been read
            print(json.dumps({"failed": f"{type(error).__name__}: {error}"}), file=writer, flush=True)
            return
        serve(reader, writer)


def tell(line: socket.socket, what: dict[str, object], *handles: int) -> None:
    """Tell the grader something of a worker, unless it has stopped listening."""
    with contextlib.suppress(OSError):
        socket.send_fds(line, [json.dumps(what).encode()], handles)


class Workers:
    """The copies that live.

    Parameters
    ----------
    grader : socket
        The line to the grader, which no copy may have.
    alone : bool
        Whether each gets namespaces of its own.

    Attributes
    ----------
    living : dict
        By a pidfd of each its number, and the line on which the grader is told of it.
    """

    def __init__(self, grader: socket.socket, alone: bool) -> None:
        self.grader, self.alone = grader, alone
        self.living: dict[int, tuple[int, socket.socket]] = {}

    def start(self, requests: int, replies: int, line: socket.socket) -> None:
        """Start one, and hand the grader a pidfd of it."""
        try:
            child = fork_alone() if self.alone else os.fork()
        except OSError as error:  # no memory or no processes left
            tell(line, {"failed": str(error)})
            line.close()
            return
        if child == 0:
            try:
                for handle, (_, other) in self.living.items():
                    os.close(handle)
                    other.close()
                line.close()
                self.grader.close()
                work(requests, replies, self.alone)
            finally:
                os._exit(0)
        handle = os.pidfd_open(child)
        self.living[handle] = child, line
        tell(line, {}, handle)

    def ended(self, handle: int) -> None:
        """Tell the grader how one has ended."""
        number, line = self.living.pop(handle)
        _, status, used = os.wait4(number, 0)
        tell(line, {"code": os.waitstatus_to_exitcode(status), "seconds": used.ru_utime + used.ru_stime})
        line.close()
        os.close(handle)


def main(alone: bool) -> None:
    """Make a copy whenever the grader asks for one, until it closes the line.

    Parameters
    ----------
    alone : bool
        Whether each copy gets namespaces of its own.
    """
    grader = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    warm_up()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for standard in (0, 1, 2):  # what a student prints or asks for goes nowhere
        os.dup2(nothing, standard)
    os.close(nothing)
    grader.send(b"ready")
    workers = Workers(grader, alone)
    while True:
        ready, _, _ = select.select([grader.fileno(), *workers.living], [], [])
        for handle in ready:
            if handle in workers.living:
                workers.ended(handle)
        if grader.fileno() in ready:
            message, handles, _, _ = socket.recv_fds(grader, 16, 3)
            if not message:
                return
            requests, replies, line = handles
            workers.start(requests, replies, socket.socket(fileno=line))
            os.close(requests)
            os.close(replies)


if __name__ == "__main__":
    main(alone=sys.argv[1] == "alone")
