"""The filter of system calls: what the kernel refuses to a student's code.

It is the classic filter of https://docs.kernel.org/userspace-api/seccomp_filter.html, a program of the Berkeley packet
filter (https://docs.kernel.org/networking/filter.html) that reads a `struct seccomp_data`: the number of the call, the
kind of machine, and the arguments.
"""

from __future__ import annotations

import ctypes  # now: a user with fewer rights may not be able to read it any more
import errno
import platform
import struct
from typing import NamedTuple

NONE = -1  # the machine does not have the call

# System calls that no answer needs, with their numbers on x86-64 and on 64-bit ARM.
DENIED = {
    # Memory that no limit counts, and places in the kernel that outlive the process.
    "add_key": (248, 217),
    "io_setup": (206, 0),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "keyctl": (250, 219),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "request_key": (249, 218),
    "semget": (64, 190),
    "shmget": (29, 194),
    "splice": (275, 76),
    "tee": (276, 77),
    "vmsplice": (278, 75),
    # Attributes of files are memory, too.
    "fsetxattr": (190, 7),
    "lsetxattr": (189, 6),
    "setxattr": (188, 5),
    "setxattrat": (463, 463),
    # Telling another process something through the files that both can read: by what is in the page cache, by locks,
    # and by watching who opens them.
    "cachestat": (451, 451),
    "fadvise64": (221, 223),
    "fanotify_init": (300, 262),
    "flock": (73, 32),
    "inotify_add_watch": (254, 27),
    "inotify_init": (253, NONE),
    "inotify_init1": (294, 26),
    "mincore": (27, 232),
    "preadv2": (327, 286),  # which can ask for what is in the cache only
    "process_madvise": (440, 440),
    "pwritev2": (328, 287),
    "readahead": (187, 213),
    # Other processes, namespaces and file systems.
    "bpf": (321, 280),
    "chroot": (161, 51),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "kcmp": (312, 272),
    "kill": (62, 129),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "seccomp": (317, 277),
    "setns": (308, 268),
    "setrlimit": (160, 164),  # a lower limit would look like one that was reached
    "socket": (41, 198),
    "socketpair": (53, 199),
    "syslog": (103, 116),
    "tgkill": (234, 131),
    "timer_create": (222, 107),  # which can send any signal
    "tkill": (200, 130),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}

# The same where a process can write into folders that another question's process will see.
DENIED_WHERE_FILES_STAY = {
    "chmod": (90, NONE),
    "creat": (85, NONE),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "link": (86, NONE),
    "linkat": (265, 37),
    "mkdir": (83, NONE),
    "mkdirat": (258, 34),
    "mknod": (133, NONE),
    "mknodat": (259, 33),
    "openat2": (437, 437),
    "rename": (82, NONE),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "symlink": (88, NONE),
    "symlinkat": (266, 36),
    "utime": (132, NONE),
    "utimensat": (280, 88),
    "utimes": (235, NONE),
}


class Argument(NamedTuple):
    """System calls that are refused for some values of one argument."""

    numbers: tuple[int, int]
    place: int  # of the argument, from 0
    values: tuple[int, ...] = ()  # refused where it is one of these,
    bits: int = 0  # or has one of these bits; an argument of 64 bits counts as one of 32, but for all bits


ALL_BITS = (1 << 64) - 1
DENIED_FOR_SOME = {
    "clone": Argument((56, 220), 0, bits=0x7E020000),  # CLONE_NEW*: namespaces of one's own
    # F_GETLK to F_SETSIG, F_OFD_*, leases, F_NOTIFY and F_SETPIPE_SZ
    "fcntl": Argument((72, 25), 1, (5, 6, 7, 8, 10, 15, 36, 37, 38, 1024, 1025, 1026, 1031)),
    "madvise": Argument((28, 233), 2, (20, 21)),  # MADV_COLD and MADV_PAGEOUT empty the page cache
    "prctl": Argument((157, 167), 0, (22,)),  # PR_SET_SECCOMP
    "prlimit64": Argument((302, 261), 2, bits=ALL_BITS),  # a new limit; asking for the old one passes
}
CREATES = 0o100 | 0o20000000  # O_CREAT, and O_TMPFILE without O_DIRECTORY
CREATES_FILES = {
    "open": Argument((2, NONE), 1, bits=CREATES),
    "openat": Argument((257, 56), 2, bits=CREATES),
}

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # the column above, and AUDIT_ARCH_*

# BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ, BPF_JSET and BPF_JGE with BPF_K, and BPF_RET | BPF_K
LOAD, IF_EQUAL, IF_BITS, IF_AT_LEAST, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
ALLOW = (RETURN, 0, 0, 0x7FFF0000)  # SECCOMP_RET_ALLOW
REFUSE = (RETURN, 0, 0, 0x00050000 | errno.EPERM)  # SECCOMP_RET_ERRNO
UNKNOWN = (RETURN, 0, 0, 0x00050000 | errno.ENOSYS)  # then the C library takes an older call
NUMBER, MACHINE, ARGUMENTS = 0, 4, 16  # where they stand in `struct seccomp_data`
CLONE3 = 435  # its flags lie in memory, where the filter cannot look


def program(machine: str, files_stay: bool) -> list[tuple[int, int, int, int]]:
    """Return the filter for a kind of machine, one step a row: code, jump if true, jump if false, operand.

    Parameters
    ----------
    machine : str
        As `platform.machine` says it.
    files_stay : bool
        Whether what a process writes is seen by the next one; then it may not make files.

    Raises
    ------
    OSError
        On a machine whose numbers are not known here: without the filter no student's code is run.
    """
    column, kind = _numbers_of(machine)
    steps = [(LOAD, 0, 0, MACHINE), (IF_EQUAL, 1, 0, kind), REFUSE, (LOAD, 0, 0, NUMBER)]
    steps += [(IF_AT_LEAST, 0, 1, 1 << 30), REFUSE]  # the calls of x32, another set of numbers
    steps += [(IF_EQUAL, 0, 1, CLONE3), UNKNOWN]
    for numbers in [*DENIED.values(), *(DENIED_WHERE_FILES_STAY.values() if files_stay else ())]:
        if numbers[column] != NONE:
            steps += [(IF_EQUAL, 0, 1, numbers[column]), REFUSE]
    for rule in [*DENIED_FOR_SOME.values(), *(CREATES_FILES.values() if files_stay else ())]:
        if rule.numbers[column] != NONE:
            check = _check(rule)
            steps += [(IF_EQUAL, 0, len(check), rule.numbers[column]), *check]
    return [*steps, ALLOW]


def clone() -> int:
    """Return the number of clone(2) on this machine."""
    return DENIED_FOR_SOME["clone"].numbers[_numbers_of(platform.machine())[0]]


def _numbers_of(machine: str) -> tuple[int, int]:
    if machine not in MACHINES:
        raise OSError(f"no filter of system calls is known for machines of the kind {machine!r}")
    return MACHINES[machine]


def _check(rule: Argument) -> list[tuple[int, int, int, int]]:
    low = ARGUMENTS + 8 * rule.place
    steps = [(LOAD, 0, 0, low)]
    for value in rule.values:
        steps += [(IF_EQUAL, 0, 1, value), REFUSE]
    if rule.bits:
        steps += [(IF_BITS, 0, 1, rule.bits & 0xFFFFFFFF), REFUSE]
    if rule.bits >> 32:
        steps += [(LOAD, 0, 0, low + 4), (IF_BITS, 0, 1, rule.bits >> 32), REFUSE]
    return [*steps, ALLOW]


def deny_system_calls(files_stay: bool) -> None:
    """Let the kernel refuse what no answer needs, to this process and for good; see `program`."""
    steps = program(platform.machine(), files_stay)
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    header = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    system = ctypes.CDLL(None, use_errno=True)
    for call in [(38, 1, 0, 0, 0), (22, 2, header, 0, 0)]:  # PR_SET_NO_NEW_PRIVS, which PR_SET_SECCOMP asks for
        if system.prctl(*call):
            raise OSError(ctypes.get_errno(), "the filter of system calls is refused")
