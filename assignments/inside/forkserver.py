"""An interpreter that has already imported what student code needs, and is copied for each question.

The grader starts this module as a program behind the walls and asks it over a socket for one process after the other.
This program itself never reads a byte of a student's. A copy gets namespaces of its own before it does: its process is
the only one it can see, its /tmp is empty and new, and all of it ends with the process.

Each question takes two processes. The *supervisor* makes the namespaces, starts the *worker* in them, waits, and tells
the grader how the worker ended and how much processor time it used; no word of that passes through the worker.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import signal
import socket
import sys
from pathlib import Path

from assignments.inside import limits
from assignments.inside.seccomp import deny_system_calls
from assignments.inside.worker import serve

NOBODY = 65534
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

# Numbers of the kernel's: see unshare(2), mount(2), prctl(2) and capset(2).
NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PROCESSES = 0x00020000, 0x08000000, 0x10000000, 0x20000000
READ_ONLY, NO_SETUID, NO_DEVICES, PRIVATE = 1, 2, 4, 0x44000  # the last one for all mounts below, too
SET_PARENT_DEATH_SIGNAL, SET_DUMPABLE = 1, 4
CAPABILITIES_VERSION = 0x20080522
COLLAPSE, HUGE = 25, 1 << 21  # MADV_COLLAPSE of madvise(2), which Linux has since 6.1, and the size of a huge page

SYSTEM = ctypes.CDLL(None, use_errno=True)


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


def make_namespaces() -> None:
    """Let the next child be alone: with processes, mounts and shared memory of its own."""
    spaces = NEW_MOUNTS | NEW_IPC | NEW_PROCESSES
    if os.geteuid() == 0:
        _system("unshare", spaces)
        return
    user, group = os.getuid(), os.getgid()
    _system("unshare", spaces | NEW_USER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


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
    deny_system_calls(files_stay)


def work(requests: int, replies: int, alone: bool) -> None:
    """Be the worker: shut everything else out, then serve."""
    with os.fdopen(requests, encoding="ascii") as reader, os.fdopen(replies, "w", encoding="ascii") as writer:
        with contextlib.suppress(OSError):  # if memory runs out, rather this one is ended than the grader
            Path("/proc/self/oom_score_adj").write_text("1000")
        try:
            if alone:
                furnish()
            drop_privileges(files_stay=not alone)
        except Exception as error:  # of this machine: no byte of a student's has been read
            print(json.dumps({"failed": f"{type(error).__name__}: {error}"}), file=writer, flush=True)
            return
        serve(reader, writer)


def supervise(requests: int, replies: int, control: socket.socket, alone: bool) -> None:
    """Start one worker, hand the grader a handle on it, and say how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        if alone:
            make_namespaces()
        worker = os.fork()
    except OSError as error:
        control.send(json.dumps({"failed": str(error)}).encode())
        return
    if worker == 0:
        control.close()
        work(requests, replies, alone)
        return
    os.close(requests)
    os.close(replies)
    socket.send_fds(control, [b"{}"], [os.pidfd_open(worker)])
    _, status, used = os.wait4(worker, 0)
    ended = {"code": os.waitstatus_to_exitcode(status), "seconds": used.ru_utime + used.ru_stime}
    control.send(json.dumps(ended).encode())


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
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no supervisor is waited for
    for standard in (0, 1, 2):  # what a student prints or asks for goes nowhere
        os.dup2(nothing, standard)
    os.close(nothing)
    grader.send(b"ready")
    while True:
        message, handles, _, _ = socket.recv_fds(grader, 16, 3)
        if not message:
            return
        try:
            supervisor = os.fork()
        except OSError:  # no memory or no processes left: the grader sees that its line is closed
            supervisor = -1
        if supervisor == 0:
            try:
                grader.close()
                requests, replies, control = handles
                supervise(requests, replies, socket.socket(fileno=control), alone)
            finally:
                os._exit(0)
        for handle in handles:
            os.close(handle)


if __name__ == "__main__":
    main(alone=sys.argv[1] == "alone")
