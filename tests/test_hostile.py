"""Hostile and confused submissions of the first problem set, graded in one run with honest ones in between."""

import csv
import ctypes
import io
import json
import os
import pickle
import platform
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import assignments
from assignments import batch, grade, master, records, release, report, submission
from assignments.course import Course
from assignments.sandbox import InProcess

SECRET = "hostile"  # draws: the mean of squares, filled up
TOKEN = "written-by-a-student"  # how the name of every file begins that a submission tries to write
LEAK = "LEAK"  # how everything begins that a submission tries to tell of the hidden tests
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>"
LONGEST_MESSAGE = 3000
PLACES = [os.path.dirname(assignments.__file__), sys.prefix, sys.base_prefix, os.path.expanduser("~"), "/tmp", "/usr"]
X86 = platform.machine() == "x86_64"


@dataclass(frozen=True)
class Hostile:
    """A submission that wants more than it deserves, or that is confused, and what should become of it.

    Attributes
    ----------
    what : str
    code : dict
        For some questions what stands in the function instead of the solution; in it `SOLVED` stands for what the
        solution returns. After `WHOLE`, what stands in the cell.
    before, after : tuple of str
        Cells around the solutions.
    points : dict
        For some questions other points than all.
    says : str or tuple of str
        Parts of the messages, or of the note.
    answer : str
        The written one.
    metadata : dict
        Of the notebook.
    file : str, bytes or callable
        Instead of a notebook: what is in the file, or what makes it.
    suffix : str
        Of the file.
    ungraded : str
        A part of the reason why it is not graded; empty where it is.
    """

    what: str
    code: dict = field(default_factory=dict)
    before: tuple = ()
    after: tuple = ()
    points: dict = field(default_factory=dict)
    says: str | tuple = ()
    answer: str = ""
    metadata: dict = field(default_factory=dict)
    file: str | bytes | Callable | None = None
    suffix: str = ".ipynb"
    ungraded: str = ""


WHOLE = "# the whole cell\n"

# The worker's end of the line to the grader, found among the open files, and what the worker would send.
LINE = """
import json, os
from __main__ import encode
def put(*lines):
    for number in os.listdir("/proc/self/fd"):
        try:
            if int(number) > 2 and os.readlink("/proc/self/fd/" + number).startswith("pipe:"):
                os.write(int(number), b"".join(line + b"\\n" for line in lines))
        except OSError:
            pass
def reply(result, *arguments):
    sent = [encode(one) for one in arguments]
    return json.dumps({"result": result, "arguments": sent, "keywords": {"dict": {}}}).encode()
"""

# The worker's own code, changed so that it sends any JSON.
RAW = """
import __main__
honest = __main__.encode
class Raw:
    def __init__(self, content):
        self.content, __main__.encode = content, encode
def encode(value, depth=0):
    return value.content if isinstance(value, Raw) else honest(value, depth)
"""

# Bubblewrap's process inside lives on without the signal that would end it together with the grader, and tells the one
# outside that the student's code has ended. Root's bubblewrap does not let anybody write there.
TAKE_OVER = """
import os
line = next(n for n in os.listdir("/proc/1/fd") if "eventfd" in os.readlink("/proc/1/fd/" + n))
place = int(open("/proc/1/syscall").read().split()[-1], 16)
code = "b89d000000 bf01000000 31f6 0f05 b803000000 bf01000000 0f05"  # prctl(PR_SET_PDEATHSIG, 0), close(1),
code += "6a01 4889e6 bf%02x000000 ba08000000 b801000000 0f05 b822000000 0f05 ebf7"  # write(line, 1), and pause()
os.pwrite(os.open("/proc/1/mem", os.O_RDWR), bytes.fromhex(code % int(line)), place)
os._exit(0)
"""

ADD_KEY, KEYCTL = (248, 250) if X86 else (217, 219)  # the kernel's numbers for them
KNOCK = """
import ctypes
system = ctypes.CDLL(None)
opened.append({})  # what is refused returns -1; once is enough
if max(opened) >= 0: raise RuntimeError("the door is open")
return SOLVED
"""

# What one process writes into the kernel's keyrings, another one can read, if nothing keeps them apart.
KEEP = f"""
import ctypes
system = ctypes.CDLL(None)
def keep(thing):
    data = f"{LEAK} {{thing}}".encode()
    for ring in (-3, -4, -5):
        key = system.syscall({ADD_KEY}, b"user", b"kept", data, len(data), ring)
        system.syscall({KEYCTL}, 5, key, 0x3F3F3F3F)  # anybody may read it,
        system.syscall({KEYCTL}, 15, key, 60)  # for a minute
def kept():
    found, text = [], ctypes.create_string_buffer(500)
    for ring in (-3, -4, -5):
        key = system.syscall({KEYCTL}, 10, ring, b"user", b"kept", 0)
        if key > 0 and system.syscall({KEYCTL}, 11, key, text, 500) > 0:
            found.append(text.value)
    return found
"""


def book(code, metadata=None, markdown=()):
    """Return a notebook with these cells."""
    cells = [{"cell_type": "code", "source": text} for text in code]
    cells += [{"cell_type": "markdown", "source": text} for text in markdown]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata or {}, "cells": cells})


def write(path, content, name):
    """Write a file under a name of bytes, which need not be characters."""
    Path(os.fsdecode(os.path.join(os.fsencode(path.parent), name))).write_bytes(content)


def nest(path, depth):
    """Make folders in folders, with a file at the end."""
    for _ in range(depth):
        path.mkdir()
        path /= "a"
    path.with_suffix(".ipynb").write_text("")


def reserve(path, size):
    """Write a file of zeros that takes no place on the disk."""
    with open(path, "wb") as file:
        file.truncate(size)


NOTHING = {"q1": 0, "q2": 0, "q3": 0, "q4": 0, "q5": 0, "q6": 0}
NO_ANSWER = "sent the grader something that is no answer"
HONEST = Hostile("an honest submission")
RECORD_OF_ADA = records.file_name("ada/ps1")
TWINS = {
    "two\nlines": True,
    "two\\nlines": False,
}  # whether they are solved; what shows a line break does not show the other
SUBMISSIONS = {
    # Honest ones, some of which only look strange
    "honest": HONEST,
    "ada/ps1": HONEST,
    "Jürgen Müller": HONEST,
    "zz last": HONEST,
    "学生 Ω": Hostile(
        "Greek letters in the code, and another script in the name",
        code={"q3": WHOLE + "Δ = -1\ndef sgd_step(θ, ᵍ, η):\n    return θ + Δ * η * ᵍ"},
    ),
    "magics": Hostile(
        "magics and shell lines",
        before=(
            "%matplotlib inline\n!pip install x\nfiles = !ls\nnp?",
            "%%bash\nexit 1",
            "%%time\nimport numpy as np",
        ),
    ),
    "reordered": Hostile(
        "what a function needs stands below it",
        code={"q3": "return theta - rate(eta) * grad"},
        after=("def rate(eta):\n    return sign * eta", "sign = 1"),
    ),
    "twice": Hostile("a first try above the solution", before=("def sgd_step(theta, grad, eta):\n    return theta",)),
    "noisy": Hostile(
        "much is printed",
        code={"q3": "import os\nprint('x' * 10**7)\nfor file in 1, 2: os.write(file, b'x' * 10**7)\nreturn SOLVED"},
    ),
    "subclass": Hostile("arrays of a subclass", code={"q3": "return SOLVED.view(np.recarray)"}),
    "side effects": Hostile(
        "cells that no question needs end Python, or never end",
        before=("import os, sys\nos._exit(1)", "sys.exit()", "while True:\n    pass", "raise SystemExit", "1 / 0"),
    ),
    "mark": Hostile(
        "a byte order mark at the start of the file",
        file=lambda path: path.write_bytes(b"\xef\xbb\xbf" + path.with_stem("honest").read_bytes()),
    ),
    "-rf": Hostile("a name like an option", file="", ungraded="the file is empty"),
    "=1+1": Hostile("a name like a formula"),
    "'=1+1": Hostile("a name like what a table makes of a formula", code=dict.fromkeys(NOTHING, WHOLE), points=NOTHING),
    "'honest": Hostile(
        "a name like another's behind an apostrophe", code=dict.fromkeys(NOTHING, WHOLE), points=NOTHING
    ),
    RECORD_OF_ADA: Hostile("a name like that of a record", code=dict.fromkeys(NOTHING, WHOLE), points=NOTHING),
    "x" * 249: Hostile("the longest name", file="", ungraded="the file is empty"),
    MARKUP.replace("/", ""): Hostile("markup in the name", file="", ungraded="the file is empty"),
    "\\u202egpj.live.ipynb": Hostile(
        "a name read from the right",
        file=lambda path: write(path, b" ", b"\xe2\x80\xaegpj.live.ipynb"),
        ungraded="the file is empty",
    ),
    "\\xff": Hostile(
        "a name of a byte that is no character",
        file=lambda path: write(path, b" ", b"\xff.ipynb"),
        ungraded="the file is empty",
    ),
    # Time, memory, processes
    "endless": Hostile(
        "an endless loop", code={"q3": "while True: pass"}, points={"q3": 0}, says="used up the 5 seconds of computing"
    ),
    "sleeper": Hostile(
        "sleeping for ever",
        code={"q3": "import time\ntime.sleep(1e6)"},
        points={"q3": 0},
        says="did not come back within 15 seconds",
    ),
    "last moment": Hostile(
        "ending Python just before the time is over, so that there is none left to start it again",
        code={
            "q3": """
import os, time
started = int(open("/proc/self/stat").read().rsplit(")")[1].split()[19]) / os.sysconf("SC_CLK_TCK")
time.sleep(max(0, started + 14.94 - time.clock_gettime(time.CLOCK_BOOTTIME)))
os._exit(0)"""
        },
        points={"q3": 0},
    ),
    "memory bomb": Hostile(
        "more and more memory",
        code={"q3": "full = []\nwhile True: full.append(bytearray(1 << 26))"},
        points={"q3": 0},
        says="`sgd_step` raised MemoryError",
    ),
    "fork bomb": Hostile(
        "processes and threads",
        code={
            "q3": "import os\nwhile True: os.fork()",
            "q4": f"import os\nos.posix_spawn('/usr/bin/touch', ['touch', '/tmp/{TOKEN}'], {{}})",
            "q6": "import threading, time\nthreading.Thread(target=time.sleep, args=[1e6]).start()\nreturn SOLVED",
        },
        points={"q3": 0, "q4": 0, "q6": 0},
        says=(
            "`sgd_step` raised BlockingIOError",
            "`mini_batches` raised BlockingIOError",
            "`stability_edge` raised RuntimeError: can't start new thread",
        ),
    ),
    "leaver": Hostile(
        "all ways to end Python",
        code={
            "q2": "return gradient_error(gradient, plus, minus, h)",
            "q3": "import os\nos._exit(0)",
            "q4": "import sys\nsys.exit(0)",
            "q6": "import ctypes\nctypes.string_at(0)",
        },
        points={"q2": 0, "q3": 0, "q4": 0, "q6": 0},
        says=(
            "`gradient_error` raised RecursionError",
            "`sgd_step` ended Python instead of returning",
            "`mini_batches` raised SystemExit",
            "`stability_edge` crashed Python",
        ),
    ),
    "killer": Hostile(
        "kills whatever it can",
        code={
            "q3": """
import os
for number in [os.getppid(), 1, -1, *range(2, 400)]:
    try: number == os.getpid() or os.kill(number, 9)
    except OSError: pass
return SOLVED"""
        },
    ),
    "take-over": Hostile(
        "takes over bubblewrap's process inside", code={"q3": TAKE_OVER if X86 else "1 / 0"}, points={"q3": 0}
    ),
    "doors": Hostile(
        "asks the kernel for memory without limit, for a place to keep things in, and for a network",
        before=("opened = [-1]",),
        code={
            "q2": KNOCK.format("system.shmget(0, 1 << 30, 0o1600)"),
            "q3": KNOCK.format("system.unshare(0x10000000)"),
            "q4": KNOCK.format(f"system.syscall({ADD_KEY}, b'user', b'kept', b'{LEAK}', 4, -3)"),
            "q5": KNOCK.format("system.ptrace(16, 1, 0, 0)"),
            "q6": KNOCK.format("system.socket(1, 1, 0)"),
        },
    ),
    # Files and the network
    "writer": Hostile(
        "writes files everywhere",
        code={
            "q3": f"""
import os
for place in [*{PLACES!r}, os.getcwd(), "/", "/proc/1/root/tmp", "COURSE", "COURSE/submissions"]:
    try: open(place + "/{TOKEN}", "w").write("x")
    except OSError: pass
return theta"""
        },
        points={"q3": 0},
        says="theta should become",
    ),
    "disk": Hostile(
        "fills the disk",
        code={"q3": f"for number in range(10**6): open(f'/tmp/{TOKEN}{{number}}', 'wb').write(bytes(1 << 19))"},
        points={"q3": 0},
        says="`sgd_step` raised OSError",
    ),
    "reader": Hostile(
        "reads the tests, the secret, and others' work",
        code={
            "q1": "import assignments.grade\nreturn assignments.grade",
            "q2": WHOLE + "from optim import gradient_error",
            "q3": f"""
for place in [{str(master.FOLDER)!r}, "COURSE", "COURSE/submissions", "COURSE/results/records"]:
    for name in ["ps1.ipynb", "honest.ipynb", "course.secret", "honest.json"]:
        for root in ["", "/proc/1/root", "/proc/1/cwd", "/proc/self/root"]:
            try: return open(root + place + "/" + name).read()
            except OSError: pass
raise LookupError("nothing is there")""",
            "q4": "import json\nreturn json.load(open('ps1.ipynb'))['metadata']['answers']",
            "q5": "import os\nraise LookupError(os.listdir('/tmp'))",
            "q6": """
import sys
frame, seen = sys._getframe(), set()
while frame:
    seen |= set(frame.f_globals) | set(frame.f_locals)
    frame = frame.f_back
raise LookupError(seen & {"reference", "rng", "assignment", "Assignment", "question"})""",
        },
        points=NOTHING,
        says=(
            "No module named 'assignments.grade'",
            "No module named 'optim'",
            "LookupError: nothing is there",
            "No such file or directory: 'ps1.ipynb'",
            "LookupError: []",
            "LookupError: set()",
        ),
        metadata={"answers": [1, 2]},
    ),
    "caller": Hostile(
        "the network",
        code={
            "q3": """
import socket
try: socket.create_connection(("1.1.1.1", 53), timeout=2)
except OSError: raise LookupError("no way out") from None"""
        },
        points={"q3": 0},
        says="LookupError: no way out",
    ),
    # Changes of Python and NumPy
    "patches": Hostile(
        "NumPy and the built-in functions patched",
        before=(
            "import builtins\nimport numpy as np\nimport numpy.testing",
            "np.allclose = np.isclose = np.array_equal = np.testing.assert_allclose = lambda *a, **k: True",
            "np.shape = np.ndim = lambda *a: 0",
        ),
        code={
            "q3": "builtins.all = builtins.any = lambda *a: True\nreturn np.array(theta)",
            "q6": "builtins.AssertionError = Warning\nreturn np.float64(7)",
        },
        points={"q3": 0, "q6": 0},
        says=("theta should become [0.6, -1.8], not [ 1. -2.]", ", not 7.0"),
    ),
    "equal to all": Hostile(
        "objects that equal everything",
        before=(
            "class Anything:\n    __eq__ = __lt__ = __le__ = lambda self, other: True",
            "class Number(float):\n    __eq__ = __sub__ = __rsub__ = __abs__ = lambda *a: 0.0",
            "class Array(np.ndarray):\n    __eq__ = __array_ufunc__ = lambda *a, **k: np.True_",
        ),
        code={
            "q3": "return Anything()",
            "q5": "return np.zeros((len(batches) + 1, len(theta))).view(Array)",
            "q6": "return Number(7)",
        },
        points={"q3": 0, "q5": 0, "q6": 0},
        says=("`sgd_step` returned an Anything", "The path should be 0, 3, 1.5", ", not 7.0"),
    ),
    "tricks": Hostile(
        "functions by exec and globals()",
        code={
            "q3": WHOLE + "exec('def sgd_step(theta, grad, eta): return theta - eta * grad')",
            "q6": WHOLE + "globals()['stability_edge'] = lambda X: 1.0",
        },
        points={"q3": 0, "q6": 0},
        says="there is no function `sgd_step` in this notebook",
    ),
    # Forged answers
    "forges junk": Hostile(
        "junk on the line to the grader",
        before=(LINE,),
        code={"q3": "put(b'junk', b'{}', b'[]', b'\\xff')\nreturn SOLVED"},
        points={"q3": 0},
        says=NO_ANSWER,
    ),
    "forges ahead": Hostile(
        "answers to questions that were not asked yet",
        before=(LINE,),
        code={
            "q3": "put(*[reply(encode(theta), theta, grad, eta)] * 40)\nreturn SOLVED",
            "q6": "put(reply(1 / 3, X), reply(1 / 3, X))\nreturn SOLVED",
        },
        points={"q3": 0, "q6": 0},
        says="theta should become",
    ),
    "forges kinds": Hostile(
        "answers of every form",
        before=(LINE,),
        code={
            "q1": """put(b'{"raised": ["int"], "message": {"a": []}}')""",
            "q2": """put(b'"missing"')""",
            "q3": """put(b'[' * 5000 + b']' * 5000)""",
            "q4": """put(b'{"result": NaN, "arguments": null, "keywords": 3, "more": 1}')""",
            "q5": """put(b'x' * 5_000_000)""",
            "q6": """put(b'{"refused": "\\\\ud800"}')""",
        },
        points=NOTHING,
        says=NO_ANSWER,
    ),
    "forges numbers": Hostile(
        "numbers that no computer has, and shapes of nothing",
        before=(RAW,),
        code={
            "q1": "return Raw([10**400, [1.0] * len(theta)])",
            "q3": "return Raw({'dtype': 'float64', 'shape': [0, *[10**9] * 5], 'data': ''})",
            "q5": "return Raw({'dtype': 'bool', 'shape': [0, *[199_999] * 3], 'data': ''})",
            "q6": "return Raw(10**4000)",
        },
        points={"q1": 0, "q3": 0, "q5": 0, "q6": 0},
        says=("`loss_and_gradient` returns 2 values", NO_ANSWER, "The path should have shape (3, 1)"),
    ),
    "half characters": Hostile(
        "texts that cannot be written",
        code={"q3": "raise ValueError('\\ud800')", "q6": "raise LookupError('\\udcff')"},
        points={"q3": 0, "q6": 0},
        says="`sgd_step` raised ValueError",
    ),
    # Wrong values
    "pickle": Hostile(
        "objects and pickles",
        before=("class Bomb:\n    def __reduce__(self): return exec, ('1 / 0',)", "import pickle"),
        code={"q3": "return Bomb()", "q6": "return pickle.dumps(Bomb())"},
        points={"q3": 0, "q6": 0},
        says=("`sgd_step` returned a Bomb", "`stability_edge` returned a bytes"),
    ),
    "forms": Hostile(
        "other things than numbers",
        code={
            "q1": "return None",
            "q2": "yield 2.0",
            "q3": "return {'theta': SOLVED}",
            "q4": "return {1: order}",
            "q5": "return 'a path'",
            "q6": WHOLE + "stability_edge = 0.5",
        },
        points=NOTHING,
        says=("returns nothing (None)", "`gradient_error` returned a generator", "keys are not texts", "no function"),
    ),
    "huge": Hostile(
        "huge values",
        code={
            "q1": "return [0] * 1_900_000, 1",
            "q2": "return '<' * 10**6",
            "q3": "return np.zeros(10**6)",
            "q4": "return [np.ones(200_000, dtype=bool)] * 14",
            "q5": "return [[[]] * 10**5] * 3",
            "q6": "return 10**100",
        },
        points=NOTHING,
        says=("more than the grader reads", "a text of more than 1000", "an array of 1000000 numbers", "64 bits"),
    ),
    "not finite": Hostile(
        "nan and infinity",
        code={
            "q1": "return np.nan, theta * np.nan",
            "q2": "return np.inf",
            "q3": "return theta * np.nan",
            "q5": "return SOLVED * np.nan",
            "q6": "return -np.inf",
        },
        points={"q1": 0, "q2": 0, "q3": 0, "q5": 0, "q6": 0},
        says="The loss should be 10, not nan",
    ),
    "dtypes": Hostile(
        "right values of the wrong kind",
        code={
            "q1": "return [str(one) for one in SOLVED]",
            "q3": "return SOLVED + 0j",
            "q5": "return SOLVED.astype(object)",
            "q6": "return np.array(str(SOLVED))",
        },
        points={"q1": 0, "q3": 0, "q5": 0, "q6": 0},
        says=("an array of complex128 instead of real numbers", "an array of object", "an array of str"),
    ),
    "shapes": Hostile(
        "right values in shapes that NumPy would stretch",
        code={
            "q1": "loss, gradient = SOLVED\nreturn loss, gradient[None]",
            "q2": "return np.abs(gradient - (plus - minus) / (2 * h))",
            "q3": "return SOLVED[None]",
            "q5": "return SOLVED[None]",
            "q6": "return np.array([[SOLVED]])",
        },
        points={"q1": 0, "q2": 0, "q3": 0, "q5": 0, "q6": 0},
        says="The gradient should have shape (2,), not (1, 2)",
    ),
    "empty arrays": Hostile(
        "arrays of nothing, all of whose numbers are right",
        code={
            "q1": "return [], np.zeros((0, 1))",
            "q2": "return np.zeros(0)",
            "q3": "return np.zeros((0, 1, 1))",
            "q4": "return []",
            "q5": "return np.zeros((0, 1, 1))",
            "q6": "return np.zeros((0, 1))",
        },
        points=NOTHING,
        says="The loss should be one number, not []",
    ),
    "no loss": Hostile(
        "the gradient alone",
        code={"q1": "return [], SOLVED[1]"},
        points={"q1": 0},
        says="The loss should be one number, not []",
    ),
    "all zero": Hostile(
        "the data changed so that zero is the right answer",
        before=("def zeros(*arrays):\n    for array in arrays: array[...] = 0",),
        code={
            "q1": "zeros(theta, X, y)\nreturn 0.0, np.zeros(len(theta))",
            "q2": "zeros(gradient, plus, minus)\nreturn 0.0",
            "q3": "zeros(theta, grad)\nreturn np.zeros(theta.shape)",
            "q4": "zeros(order)\nreturn [order[:size]] * -(-len(order) // size)",
            "q5": "zeros(theta, centres)\nreturn np.zeros((len(batches) + 1, len(theta)))",
            "q6": "zeros(X)\nreturn np.inf",
        },
        points=NOTHING,
        says="theta should become [0.6, -1.8], not [0. 0.]",
    ),
    "copied": Hostile(
        "the public answers, and nothing else",
        code={
            "q1": "return 10, np.array([14 / 3, 6])",
            "q2": "return 2",
            "q3": "return np.array([0.6, -1.8])",
            "q4": "return [[3, 0], [4, 1], [2, 3]]",
            "q5": "return np.array([[0], [3], [1.5]])",
            "q6": "return 1 / 3",
        },
        points=NOTHING,
        says="theta does not keep its shape.",
    ),
    # Telling others what the hidden tests are
    "tells": Hostile(
        "the data in every text that comes back",
        code={
            "q1": f"raise type(f'{LEAK}{{X.ravel()[0]}}', (Exception,), {{}})(X.tolist())",
            "q2": f"return type(f'{LEAK}{{gradient[0]}}', (), {{}})()",
            "q3": f"return f'{LEAK} {{theta.tolist()}}'",
            "q4": f"return {{f'{LEAK} {{order.tolist()}}': 1}}",
            "q5": f"return [[f'{LEAK} {{theta.tolist()}}']]",
            "q6": f"raise AssertionError(f'{LEAK} {{X.tolist()}}')",
        },
        points=NOTHING,
        says=(f"`loss_and_gradient` raised {LEAK}1.0", f"`gradient_error` returned a {LEAK}3.0"),
    ),
    "keeps": Hostile(
        "hidden data kept for the public test of the next question",
        before=(KEEP,),
        code={
            "q1": f"keep(theta.tolist())\nopen('/tmp/{TOKEN}', 'w').write(str(theta))\nreturn 0.0, 0 * theta",
            "q2": f"import os\nraise LookupError(kept(), os.path.exists('/tmp/{TOKEN}'))",
        },
        points={"q1": 0, "q2": 0},
        says="`gradient_error` raised LookupError: ([], False)",
    ),
    "markup": Hostile(
        "markup wherever a text is shown",
        code={
            "q1": f"return [{MARKUP!r}], 1",
            "q3": f"raise type({MARKUP!r}, (Exception,), {{}})({MARKUP!r})",
            "q6": f"return type({MARKUP!r}, (), {{}})()",
        },
        points={"q1": 0, "q3": 0, "q6": 0},
        says=(f"not ['{MARKUP}']", f"`sgd_step` raised {MARKUP}: {MARKUP}", f"`stability_edge` returned a {MARKUP}"),
        answer=MARKUP,
    ),
    # Confused ones
    "confused": Hostile(
        "a function for other arguments, a cell deleted, one that is no Python, and the stub again below the solution",
        code={
            "q2": WHOLE + "def gradient_error(gradient):\n    return 2",
            "q3": WHOLE,
            "q4": "return [order",
        },
        after=("def stability_edge(X):\n    raise NotImplementedError",),
        points={"q2": 0, "q3": 0, "q4": 0, "q6": 0},
        says=(
            "`gradient_error` raised TypeError",
            "there is no function `sgd_step` in this notebook",
            "which defines `mini_batches`, is not Python",
            grade.NOT_WRITTEN,
        ),
    ),
    "the book's": Hostile(
        "the book's module",
        before=("from optim import SGD",),
        code={"q3": "return theta + SGD(eta).step(grad)"},
        points={"q3": 0},
        says="No module named 'optim'",
    ),
    "needs too much": Hostile(
        "what a function needs ends Python",
        before=("import os\nrate = os._exit(0)",),
        code={"q3": "return theta - rate * grad"},
        points={"q3": 0},
        says="`sgd_step` ended Python instead of returning",
    ),
    "arguments": Hostile(
        "other arguments than asked for",
        code={"q3": WHOLE + "def sgd_step(theta):\n    return theta"},
        points={"q3": 0},
        says="`sgd_step` raised TypeError",
    ),
    "another course": Hostile(
        "another course's notebook",
        metadata={"assignment": {"name": "ps1", "variant": {"scale": "1"}}},
        says="in another course, with other conventions",
    ),
    # No submissions of the first problem set
    "second": Hostile("the second one", metadata={"assignment": {"name": "ps2"}}, ungraded="it is ps2, not ps1"),
    "third": Hostile("markup in its name", metadata={"assignment": {"name": MARKUP}}, ungraded="it is <script>alert"),
    "fourth": Hostile("half a character", metadata={"assignment": {"name": "\ud800"}}, ungraded=", not ps1"),
    "terminal": Hostile(
        "commands for a terminal", metadata={"kernelspec": {"language": "\x1b[2J"}}, ungraded="it is written in "
    ),
    "r": Hostile("R", metadata={"kernelspec": {"language": "R"}}, ungraded="it is written in R, not in Python"),
    "three": Hostile("nbformat 3", file='{"worksheets": [], "nbformat": 3}', ungraded="a format before 4"),
    "empty": Hostile("an empty file", file="", ungraded="the file is empty"),
    "pdf": Hostile("a PDF", file="%PDF-1.7", ungraded="it is a PDF"),
    "zip": Hostile("a zip archive", file=b"PK\x03\x04\0\0", ungraded="it is a zip archive"),
    "pickled": Hostile("a pickle", file=pickle.dumps(NOTHING), ungraded="it is a pickle"),
    "page": Hostile("a web page", file=f"<html>{MARKUP}", ungraded="it is a web page"),
    "cut off": Hostile("cut off", file=book(["x = 1"])[:60], ungraded="damaged or was cut off"),
    "deep": Hostile("brackets in brackets", file="[" * 100_000, ungraded="damaged or was cut off"),
    "digits": Hostile(
        "a number of many digits", file=f'{{"cells": [{"9" * 5000}]}}', ungraded="damaged or was cut off"
    ),
    "wide": Hostile("two bytes a letter", file=book(["x = 1"]).encode("utf-16"), ungraded="damaged or was cut off"),
    "no cells": Hostile("no cells", file='{"nbformat": 4, "metadata": {}}', ungraded="there are no cells in it"),
    "odd cells": Hostile(
        "cells of odd kinds",
        file='{"cells": [NaN, null, [], {"cell_type": ["code"], "source": {"a": 1}}], "metadata": 7}',
        ungraded="there is nothing in its cells",
    ),
    "link": Hostile("another's work", file=lambda path: path.symlink_to("honest.ipynb"), ungraded="it is a link"),
    "link out": Hostile("a file elsewhere", file=lambda path: path.symlink_to("/etc/passwd"), ungraded="it is a link"),
    "link twice": Hostile("a link to itself", file=lambda path: path.symlink_to(path), ungraded="it is a link"),
    "pipe": Hostile("a pipe that nobody writes into", file=os.mkfifo, ungraded="it is no ordinary file"),
    "large": Hostile("a huge file", file=lambda path: reserve(path, 10**9), ungraded="it is larger than 20 MB"),
    "locked": Hostile(
        "a file that only root can read",
        file=lambda path: (path.write_text("{}"), path.chmod(0)),
        ungraded="it cannot be" if os.geteuid() else "there are no cells in it",
    ),
    "folder.ipynb/work.py": Hostile(
        "a folder with a notebook's name", file="x = 1", suffix="", ungraded="it is a .py file"
    ),
    "text.\\xff": Hostile(
        "a suffix that is no character",
        file=lambda path: write(path, b"x = 1", b"text.\xff"),
        suffix="",
        ungraded=" file, not a",
    ),
    "a/" * (submission.DEEPEST_FOLDER + 1): Hostile(
        "folders one in the other", file=lambda path: nest(path, 1200), suffix="", ungraded="one in too many others"
    ),
}


def cell(question, text):
    """Return the code of a cell in the place of a question's solution."""
    head, name, arguments = re.search(r"^(def (\w+)\((.*)\):)", question.solution, re.MULTILINE).groups()
    if not text.startswith(WHOLE):
        text = f"{head}\n{textwrap.indent(text.strip(), '    ')}"
    if "SOLVED" in text:
        text = f"{question.solution}\nsolved_{name} = {name}\n{text.replace('SOLVED', f'solved_{name}({arguments})')}"
    return text


def build(one, assignment, course):
    """Return the notebook of a submission."""
    code = [cell(q, one.code[q.name]) if q.name in one.code else q.solution for q in assignment.tested]
    code = ["import numpy as np", *one.before, *code, *one.after]
    (written,) = assignment.written
    markdown = [f"## {written.title}", one.answer] if one.answer else []
    return book([text.replace("COURSE", str(course)) for text in code], one.metadata, markdown)


def hand_in(folder, assignment):
    """Put every submission into a folder."""
    for name, one in SUBMISSIONS.items():
        path = folder / f"{name}{one.suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = build(one, assignment, folder.parent) if one.file is None else one.file
        if callable(content):
            content(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for name, cells in TWINS.items():
        solved = [q.solution for q in assignment.tested]
        (folder / f"{name}.ipynb").write_text(book(["import numpy as np", *solved] if cells else ["x = 1"]))
    (folder / "closed").mkdir()
    (folder / "closed" / "work.ipynb").write_text("")
    (folder / "closed").chmod(0o400)  # whoever is not root sees the name and nothing more


def tree(folder):
    """Return what is in a folder, but for the results: names, sizes and times."""
    found = {}
    for place, folders, files in os.walk(folder):
        folders[:] = [] if place.count("/a/a/a/a") else [name for name in folders if name not in ("results", "closed")]
        for name in [*folders, *files]:
            seen = os.lstat(os.path.join(place, name))
            found[os.path.join(place, name)] = seen.st_mode, seen.st_size, seen.st_mtime_ns
    return found


def children():
    """Return the processes whose parent is this one, and in which state they are."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, rest = path.parent.name, path.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has just ended
            continue
        if int(rest[1]) == os.getpid():
            found[int(number)] = rest[0]
    return found


@dataclass
class Run:
    """What the one run has left: files, by submission, and processes."""

    course: Path
    said: str
    records: dict
    rows: list
    pages: dict
    living: list
    dead: list
    before: dict
    after: dict


@pytest.fixture(scope="module")
def product():
    """Make the first problem set."""
    return release.prepare("ps1", Course((SECRET,)))


@pytest.fixture(scope="module")
def run(product, walls, tmp_path_factory):
    """Grade all submissions, two at a time; whatever outlives the grader becomes a child of this process."""
    course = tmp_path_factory.mktemp("hostile")
    (course / "submissions").mkdir()
    (course / "course.secret").write_text(SECRET)
    hand_in(course / "submissions", product.assignment)
    before, known = tree(course), children()
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    try:
        command = [sys.executable, "-m", "assignments", "grade", "ps1", "submissions", "results", "--jobs", "2"]
        ended = subprocess.run(command, cwd=course, capture_output=True, timeout=300)
        for _ in range(50):
            left = {number: state for number, state in children().items() if number not in known}
            living = [number for number, state in left.items() if state != "Z"]
            if not living:
                break
            time.sleep(0.1)
        for number in living:
            os.kill(number, signal.SIGKILL)
        for number in left:
            os.waitpid(number, 0)
    finally:
        ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)
    assert ended.returncode == 0, ended.stderr.decode()[-2000:]
    results = course / "results"
    kept = [json.loads(path.read_text("utf-8"))["record"] for path in (results / "records").iterdir()]
    yield Run(
        course,
        ended.stdout.decode(),
        {record["submission"]: record for record in kept},
        list(csv.DictReader(io.StringIO((results / "grades.csv").read_bytes().decode("utf-8"), newline=""))),
        {path.name: path.read_text("utf-8") for path in results.rglob("*.html")},
        living,
        [number for number in left if number not in living],
        before,
        tree(course),
    )
    (course / "submissions" / "closed").chmod(0o700)
    subprocess.run(["rm", "-rf", course], check=True)  # pytest's own way is a recursion, and the folders are too deep


def row_of(run, name):
    """Return a submission's line in the table, where an apostrophe keeps a spreadsheet from reading a formula."""
    (row,) = [row for row in run.rows if row["submission"].removeprefix("'") == name]
    return row


def messages(record):
    """Return what the tests say."""
    return [outcome["message"] for mark in record["results"] for outcome in mark["outcomes"]]


@pytest.mark.parametrize("name", SUBMISSIONS, ids=lambda name: name[:30])
def test_it_gets_what_it_deserves_and_is_told_why(run, product, name):
    one, record, row = SUBMISSIONS[name], run.records[name], row_of(run, name)
    if one.ungraded:
        assert one.ungraded in record["ungraded"]
        assert (row["status"], row["tested"]) == ("ungraded", "")
        return
    right = {question.name: question.points for question in product.assignment.tested} | one.points
    assert record["ungraded"] == ""
    assert {mark["question"]: mark["points"] for mark in record["results"]} == right
    assert row["status"] == "graded"
    assert {question: float(row[question]) for question in right} == right
    said = [record["note"], *messages(record)]
    for part in [one.says] if isinstance(one.says, str) else one.says:
        assert any(part in text for text in said), said


def test_nobody_is_left_out_and_nobody_counts_twice(run):
    twins = [run.records[name] for name in ("two\\nlines", "two\\\\nlines")]
    assert [sum(mark["points"] for mark in twin["results"]) for twin in twins] == [19, 0]
    assert len(run.records) == len(run.rows) == len(SUBMISSIONS) + len(TWINS) + 1  # one in a closed folder


@pytest.mark.parametrize("name", [name for name, one in SUBMISSIONS.items() if one is HONEST])
def test_an_honest_one_has_the_same_record_as_when_it_is_graded_alone(run, product, walls, name):
    basis = records.Basis(**run.records[name]["basis"])
    task = batch.Task(name, run.course / "submissions" / f"{name}.ipynb", basis)
    alone = asdict(batch.grade_file(product.assignment, task, walls))
    assert run.records[name] == json.loads(json.dumps(alone))


def test_whoever_copies_the_public_answers_passes_the_public_tests_and_gets_nothing(run):
    for mark in run.records["copied"]["results"]:
        assert [outcome["message"] for outcome in mark["outcomes"] if not outcome["hidden"]] == [""]
        assert mark["points"] == 0


def test_no_process_goes_on(run):
    assert run.living == []


def test_the_dead_are_buried(run):
    # In a container without an init nobody else does it. Where the student's code ends by itself, bubblewrap may not.
    assert len(run.dead) < 40


def test_no_file_appears_or_changes_outside_the_results(run):
    assert run.before == run.after
    for place in [*PLACES, os.getcwd(), "/", run.course, run.course / "submissions", run.course / "results"]:
        assert not [path for path in os.listdir(place) if path.startswith(TOKEN)]
    assert sorted(path.name for path in (run.course / "results").iterdir()) == [
        ".grader",
        "feedback",
        "grades.csv",
        "records",
        "summary.html",
        "written.csv",
        "written.html",
    ]


class Listening(InProcess):
    """Student code without walls that writes down what it is called with."""

    heard = ()

    def call(self, function, *arguments, **keywords):
        """Call a function."""
        Listening.heard = [*Listening.heard, *arguments]
        return super().call(function, *arguments, **keywords)


def numbers(assignment, with_hidden):
    """Return the numbers that the tests send, as texts: the digits that every way to write them begins with."""
    Listening.heard = []
    grade.grade_submission(release.solved(assignment), assignment, Listening, with_hidden)
    sent = np.concatenate([np.ravel(one) for one in Listening.heard if not isinstance(one, list)])
    return {f"{abs(number):.12f}"[:7] for number in sent if number % 1}


def test_nothing_of_the_hidden_data_is_told(run, product):
    hidden = numbers(product.assignment, True) - numbers(product.assignment, False)
    assert len(hidden) > 300
    for record in run.records.values():
        for mark in record["results"]:
            for outcome in mark["outcomes"]:
                assert not outcome["hidden"] or LEAK not in outcome["message"], record["submission"]
        told = re.findall(r"\d+\.\d{5}", " ".join(messages(record)))
        assert not hidden & {number[:7] for number in told}, record["submission"]
    for name, page in run.pages.items():
        assert not hidden & {number[:7] for number in re.findall(r"\d+\.\d{5}", page)}, name


def test_no_message_is_long(run):
    assert max(len(text) for record in run.records.values() for text in messages(record)) < LONGEST_MESSAGE


class Elements(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def handle_starttag(self, tag, attributes):
        """Write an element down."""
        self.seen |= {(tag, None), *((tag, name) for name, _ in attributes)}


def test_the_pages_hold_no_markup_but_their_own(run):
    honest, pages = Elements(), [page for page in run.pages.values() if "alert(1)" in page]
    assert len(pages) >= 5  # feedback on four submissions, the summary, the written answers
    for name in ["honest.html", "sleeper.html", "empty.html"]:
        honest.feed(run.pages[name])
    own = honest.seen | {(tag, None) for tag in ("h3", "div", "table", "tr", "th", "td")}
    own |= {("div", "class"), ("td", "class"), ("th", "class"), ("th", "style"), ("span", "style"), ("code", None)}
    for name, page in run.pages.items():
        elements = Elements()
        elements.feed(page)
        assert elements.seen <= own, name


def test_the_tables_hold_no_formulas_and_what_is_printed_no_commands_for_a_terminal(run):
    for row in run.rows:
        assert None not in row and None not in row.values()
        assert not [text for text in row.values() if re.match(r"[=+@\t\r]|-\D", text)]
    assert run.said.replace("\n", "").isprintable()


def test_a_mark_by_hand_reaches_whom_it_is_meant_for_whatever_the_names_are(run, product, tmp_path):
    shutil.copytree(run.course / "results", tmp_path / "results")
    names = [name for name, record in run.records.items() if not record["ungraded"]]
    report.write(product.assignment, tmp_path / "results", names)
    table = tmp_path / "results" / "written.csv"
    with open(table, encoding="utf-8", newline="") as file:
        (head, *rows) = csv.reader(file)
    marks = {name: str(place % 7) for place, name in enumerate(names)}
    with open(table, "w", encoding="utf-8", newline="") as file:
        lines = [[shown, question, marks[name], ""] for (shown, question, *_), name in zip(rows, names, strict=False)]
        csv.writer(file).writerows([head, *lines])
    report.write(product.assignment, tmp_path / "results", names)
    with open(tmp_path / "results" / "grades.csv", encoding="utf-8", newline="") as file:
        assert dict(zip(names, (row["q7"] for row in csv.DictReader(file)), strict=True)) == marks
