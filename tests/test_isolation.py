"""What student code can see and do behind the walls, and what one question leaves for the next: nothing."""

import contextlib
import errno
import os
import re
import resource
import select
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from assignments.inside import forkserver, limits, seccomp
from assignments.inside.codec import decode, encode
from assignments.inside.notebook import Notebook
from assignments.inside.worker import answer
from assignments.isolation import UnprivilegedUser
from assignments.sandbox import ForkServer, InProcess, Sandbox, Stopped, StudentError, Worker

SEES = """
import os
def sees(name):
    return [place for place, folders, files in os.walk("/") if name in [*folders, *files]]
"""
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def ask(server, cells, *calls):
    """Return what some functions return, each called with its arguments in one process."""
    sandbox = Sandbox(cells, server)
    try:
        return [sandbox.call(name, *arguments) for name, *arguments in calls]
    finally:
        sandbox.close()


@pytest.mark.parametrize("place", ["/usr/src", "/usr/local/lib", "/opt", "/var/tmp", "/tmp", os.path.expanduser("~")])
def test_a_course_is_not_seen_wherever_it_lies(walls, place):
    course = Path(place) / f"course-of-the-tests-{os.getpid()}"
    try:
        course.mkdir()
    except PermissionError:
        assert not ROOT  # a user's course cannot lie there
        return
    try:
        (course / "course.secret").write_text("the secret")
        reads = f"def reads(): return open({str(course / 'course.secret')!r}).read()"
        assert ask(walls, [SEES], ("sees", course.name), ("sees", "course.secret")) == [[], []]
        with pytest.raises(StudentError, match="FileNotFoundError"):
            ask(walls, [reads], ("reads",))
    finally:
        (course / "course.secret").unlink(missing_ok=True)
        course.rmdir()


def test_nothing_of_this_package_is_seen_but_what_runs_inside(walls):
    assert ask(walls, [SEES], ("sees", "grade.py"), ("sees", "masters"), ("sees", "optim")) == [[], [], []]
    ((inside,),) = ask(walls, [SEES], ("sees", "seccomp.py"))
    assert inside.endswith("assignments/inside")


def test_what_one_question_writes_the_next_does_not_find(walls):
    cells = ["def writes(): open('/tmp/kept', 'w').write('hidden data')", SEES]
    assert ask(walls, cells, ("writes",), ("sees", "kept")) == [None, ["/tmp"]]
    assert ask(walls, cells, ("sees", "kept")) == [[]]


def test_a_process_holds_no_line_of_another(walls):
    code = """
import os
def lines():
    found = []
    for number in range(256):
        try:
            os.fstat(number)
            found.append(number)
        except OSError:
            pass
    return len(found)
"""
    first, second = Sandbox([code], walls), Sandbox([code], walls)
    assert [first.call("lines"), second.call("lines"), first.call("lines")] == [5] * 3  # standard ones, to and from
    first.close()
    second.close()


def test_the_next_processes_are_made_ahead_and_end_with_the_first(walls):
    with ForkServer(walls.isolation) as server:
        server.fork().close()
        ahead = list(server.spare)
        assert len(ahead) == walls.isolation.ahead > 0
        for worker in ahead:
            worker.begin()
        handles = [os.dup(worker.handle) for worker in ahead]
    assert all(worker.requests < 0 for worker in ahead)  # the lines to them are closed
    for handle in handles:
        assert select.select([handle], [], [], 10)[0]  # it has ended
        os.close(handle)


def test_who_asks_for_a_process_while_all_is_closed_hears_nothing_but_that_the_grader_stops(walls, monkeypatch):
    server = ForkServer(walls.isolation)
    server.fork().close()
    closing = threading.Thread(target=server.close)

    class AskedForMeanwhile(Worker):
        def __init__(self, server):
            super().__init__(server)
            if closing.ident is None:
                closing.start()
                closing.join(0.5)

    monkeypatch.setattr("assignments.sandbox.Worker", AskedForMeanwhile)
    with contextlib.suppress(Stopped):
        server.fork().close()
    closing.join()
    with pytest.raises(Stopped):
        server.fork()


def test_none_is_made_ahead_where_student_code_could_see_it():
    assert UnprivilegedUser.ahead == 0


def test_processes_share_no_memory_that_they_can_write_to(walls):
    sandbox = Sandbox(["def f(): return 1"], walls)
    sandbox.call("f")
    maps = (sandbox.worker.usage.place / "maps").read_text() if ROOT else ""
    sandbox.close()
    assert not [line for line in maps.splitlines() if re.search(r" .w.s ", line)]


def test_student_code_has_no_rights_no_network_and_no_other_process(walls):
    code = """
import ctypes, os, socket
def rights():
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    return [ctypes.CDLL(None).capget(header, data), *data]
def number(): return os.getpid()
def forks(): os.fork()
def connects(): socket.create_connection(("127.0.0.1", 22))
"""
    assert ask(walls, [code], ("rights",), ("number",)) == [[0] * 7, 1]
    for name, error in [("forks", "BlockingIOError"), ("connects", "PermissionError")]:
        with pytest.raises(StudentError, match=error):
            ask(walls, [code], (name,))


def test_every_system_call_of_the_filter_is_refused(walls):
    numbers = [both[seccomp.MACHINES[os.uname().machine][0]] for both in seccomp.DENIED.values()]
    code = """
import ctypes
system = ctypes.CDLL(None, use_errno=True)
def errors(numbers):
    found = []
    for number in numbers:
        ctypes.set_errno(0)
        found.append(system.syscall(number, -1, -1, -1, -1, -1, -1) == -1 and ctypes.get_errno())
    return found
"""
    asked = [number for number in numbers if number != seccomp.NONE]
    ((*found,),) = ask(walls, [code], ("errors", asked))
    assert dict(zip(asked, found, strict=True)) == dict.fromkeys(asked, errno.EPERM)


def test_what_the_filter_refuses_for_some_arguments_passes_for_others(walls):
    code = """
import fcntl, mmap, resource
def passes():
    resource.getrlimit(resource.RLIMIT_CPU)
    mmap.mmap(-1, 4096).madvise(4)
    return fcntl.fcntl(0, fcntl.F_GETFD)
"""
    assert ask(walls, [code], ("passes",)) == [0]


def test_without_a_filter_no_code_is_run():
    with pytest.raises(OSError, match="no filter of system calls is known for machines of the kind 'riscv64'"):
        seccomp.program("riscv64", files_stay=False)


@pytest.mark.parametrize("value", [np.zeros(150_000, bool), [0] * 30_000, "x" * 2000, np.zeros((1,) * 9)], ids=str)
def test_what_is_too_large_to_cross_is_refused_in_a_sentence(value):
    with pytest.raises(StudentError, match="`f` cannot be called with a"):
        InProcess(["def f(x): return 1"]).call("f", value)


def test_arguments_come_back_only_where_they_were_changed():
    notebook = Notebook(["def f(x, y=0):\n    x[0] += y\n    return x[0]"])
    request = {"function": "f", "arguments": encode([np.array([1.0, np.nan])]), "keywords": encode({"y": 0.0})}
    assert answer(notebook, request) == {"result": 1.0}
    request["keywords"] = encode({"y": 2.0})
    assert decode(answer(notebook, request)["arguments"])[0][0] == 3


def test_shapes_whose_product_is_huge_are_not_believed():
    forged = encode(np.zeros(0)) | {"shape": [limits.MOST_ELEMENTS, limits.MOST_ELEMENTS]}
    with pytest.raises(ValueError):
        decode(forged)


STRETCHED = """
import sys
from assignments import grade, release
from assignments.course import Course
from assignments.sandbox import InProcess
assignment = release.prepare("ps3", Course(("stretched",))).assignment
question = assignment.tested[4]
code = '''
import numpy as np
def own_start(theta): return [np.zeros((N, 1, 1)), np.zeros((1, N, 1))]
def own_step(theta, state, grad, t, eta): return theta, [np.zeros((N, 1, 1)), np.zeros((1, N, 1))]
'''.replace("N", "2000")
result = grade.grade_question(question, assignment, lambda: InProcess([code]))
print(result.points, repr(result.ungraded))
"""


def test_arrays_that_numpy_would_stretch_cost_the_grader_no_memory():
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))

    run = subprocess.run([sys.executable, "-c", STRETCHED], capture_output=True, text=True, preexec_fn=limit)
    assert (run.stdout, run.returncode) == ("0.0 ''\n", 0), run.stderr[-2000:]


def test_what_is_read_before_lies_in_the_kernels_cache(tmp_path):
    file = tmp_path / "a library"
    file.write_bytes(b"x" * 3_000_000)
    with open(file, "rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        forkserver.read_files([str(tmp_path)])
        rest = bytearray(3_000_000)
        assert os.preadv(opened.fileno(), [rest], 0, os.RWF_NOWAIT) == 3_000_000  # fewer where some are not there
