"""Which statements of a notebook run for a function: what it needs, and what could change that."""

import ast
import re

import pytest

from assignments.inside.notebook import PLANS, Dependencies, Notebook, statements
from assignments.sandbox import InProcess, Sandbox, StudentError


def called(cells, name="f", plan="end"):
    sandbox = InProcess(cells)
    sandbox.plan = plan
    return sandbox.call(name)


WHOLE = [  # notebooks in which f() is 3 whatever part of them is run
    ["def f(): return 3"],
    ["def f(): return 1", "def f(): return 3"],
    ["def g(): return 3", "def f(): return g()"],
    ["def f(): return g()", "def g(): return 3"],
    ["x = 3", "def f(): return x"],
    ["x = 1\nx += 2", "def f(): return x"],
    ["import numpy as np", "def f(): return np.abs(-3)"],
    ["from math import *", "def f(): return int(floor(3.5))"],
    ["options = {}", "options['x'] = 3", "def f(): return options['x']"],
    ["options = {}", "options.update(x=3)", "def f(): return options['x']"],
    ["f = lambda: 3"],
    ["if True:\n    def f(): return 3\nelse:\n    def f(): return 1"],
    ["try:\n    import nothing\nexcept ImportError:\n    x = 3", "def f(): return x"],
    ["for x in range(4): pass", "def f(): return x"],
    ["def twice(g): return lambda: 2 * g()", "@twice\ndef f(): return 1.5"],
    ["class A:\n    x = 3", "def f(a=A): return a.x"],
    ["x = (1", "def f(): return 3"],
    ["1 / 0", "raise SystemExit", "while True: pass", "def f(): return 3"],
    ["x = experiment()", "def f(x=3): return x"],
    ["def f():\n    x = 3\n    return x", "x = forever()"],
    ["import np_of_mine as np", "import numpy as np", "def f(): return np.int64(3)"],
    ["θ = 3", "def f(): return θ"],
    ["def f():\n    display('so')\n    return 3"],
    ["x, *rest = 3, 1", "def f(): return x"],
    ["x = [*range(2), 3][-1]", "def f(): return x"],
    ["with open('/dev/null') as file: x = 3", "def f(): return x"],
    ["match [3]:\n    case [x]: pass", "def f(): return x"],
    ["print(x := 3)", "def f(): return x"],
    ["y = [x := k for k in range(4)]", "def f(): return x"],
    ["import functools", "@functools.cache\ndef f(): return 3"],
    ["from dataclasses import dataclass", "@dataclass\nclass A:\n    x: int = 3", "def f(): return A().x"],
    ["from __future__ import annotations", "def f(x: Undefined = 3): return x"],
    ["def f(x: 3 = 0): return f.__annotations__['x']"],
    ["from typing import NamedTuple", "class A(NamedTuple):\n    x: int\na = A(3)", "def f(): return a.x"],
    ["import pickle", "class A: x = 3", "def f(): return pickle.loads(pickle.dumps(A())).x"],
    [
        "from __future__ import annotations",
        "from dataclasses import dataclass\nimport typing",
        "@dataclass\nclass A:\n    x: B = 3\nclass B: pass",
        "def f(): return 3 * len(typing.get_type_hints(A))",
    ],
    ["if __name__ == '__main__':\n    x = 3", "def f(): return x"],
    ["import sys", "def f(): return 3 * (sys.modules[__name__].f is f)"],
    ["import sys\nsys.setrecursionlimit(9000)", "def f(n=3000): return 3 if n == 0 else f(n - 1)"],
]


@pytest.mark.parametrize("cells", WHOLE, ids=" | ".join)
@pytest.mark.parametrize("plan", PLANS)
def test_a_function_runs_with_what_it_needs_and_nothing_else(cells, plan):
    assert called(cells, plan=plan) == 3


@pytest.mark.parametrize(
    "cells",
    [
        ["x = []", "for k in range(3): x.append(k)", "def f(): return len(x)"],
        ["x = []", "while len(x) < 3: x.append(0)", "def f(): return len(x)"],
        ["x = []", "[x.append(k) for k in range(3)]", "def f(): return len(x)"],
        ["x = []", "add = x.append\nfor _ in range(3): add(0)", "def f(): return len(x)"],
        ["x = [[], []]", "for row in x: row.append(3)", "def f(): return x[1][0]"],
        ["x = [[]]", "for k, row in enumerate(x): row.append(3)", "def f(): return x[0][0]"],
        ["import numpy as np\nx = np.zeros(2)", "np.copyto(x, 3)", "def f(): return x[0]"],
        ["import numpy as np\nx = np.zeros(2)", "np.add(1, 2, out=x)", "def f(): return x[0]"],
        ["import numpy as np\nx = np.zeros(2)", "y = x[:1]\ny[:] = 3", "def f(): return x[0]"],
        ["import numpy as np\nx = np.zeros(2)", "y = x\ny += 3", "def f(): return x[0]"],
        [
            "class A:\n    n = []\n    def __init_subclass__(cls): cls.n.append(3)",
            "class B(A): x = 3",
            "def f(): return A.n[0]",
        ],
        ["x = []", "import contextlib\nwith contextlib.nullcontext(x) as y: pass\ny.append(3)", "def f(): return x[0]"],
        ["x = [[]]", "match x:\n    case [y]: pass\ny.append(3)", "def f(): return x[0][0]"],
        ["x = []", "if x.append(3) is None: raise SystemExit", "def f(): return x[0]"],
        [
            "from random import *\nimport random",
            "random.seed(7)",
            "def f(): return 3 * (random.random() == Random(7).random())",
        ],
        ["x = y = []", "y.append(3)", "def f(): return x[0]"],
        ["x = [1, 2]", "def fill(row):\n    row[0] = 3", "fill(x)", "def f(): return x[0]"],
        ["x = 1", "def setup():\n    global x\n    x = 3", "setup()", "def f(): return x"],
        ["x = []", "def add(): x.append(3)", "def setup(): add()", "setup()", "def f(): return x[0]"],
        ["x = []", "def add(row=x): row.append(3)", "add()", "def f(): return x[0]"],
        ["class A: pass", "setattr(A, 'x', 3)", "def f(): return A.x"],
        ["class A: pass", "for name in 'xy': setattr(A, name, 3)", "def f(): return A.x"],
        ["class A: pass", "def add(self): return 3\nA.add = add", "def f(): return A().add()"],
        ["def f(): return f.x", "f.x = 3"],
        ["x = [1, 3]", "x.sort(reverse=True)", "def f(): return x[0]"],
        ["x = [3]", "y = dict(z=x)", "y['z'].append(4)", "def f(): return x[-1] - 1"],
        ["import heapq\nx = [4, 5]", "heapq.heappush(x, 3)", "def f(): return x[0]"],
        ["x = []", "print(x.append(3))", "def f(): return x[0]"],
        ["x = []", "try:\n    x.append(3)\nfinally: pass", "def f(): return x[0]"],
        ["x = []", "with open('/dev/null') as file: x.append(3)", "def f(): return x[0]"],
        ["x = []", "match 1:\n    case 1: x.append(3)", "def f(): return x[0]"],
        ["x = []", "if __name__ == '__main__': x.append(3)", "def f(): return x[0]"],
        ["x = []", "def main(): x.append(3)", "if __name__ == '__main__': main()", "def f(): return x[0]"],
        ["x = []", "list(map(x.append, [3]))", "def f(): return x[0]"],
        ["x = []", "list(map(lambda k: x.append(k), [3]))", "def f(): return x[0]"],
        [
            "x = {}",
            "def save(g):\n    x[g.__name__] = g\n    return g",
            "@save\ndef g(): return 3",
            "def f(): return x['g']()",
        ],
        [
            "class A:\n    heirs = []\n    def __init_subclass__(cls): A.heirs.append(cls)",
            "class B(A): x = 3",
            "def f(): return A.heirs[0].x",
        ],
        [
            "import functools",
            "@functools.singledispatch\ndef g(x): return 1",
            "@g.register\ndef _(x: int): return 3",
            "def f(): return g(1)",
        ],
        [
            "class A:\n    def __init__(self, x): self.x = x\n    def add(self): self.x.append(3)",
            "x = []\na = A(x)\na.add()",
            "def f(): return x[0]",
        ],
        [
            "def counter(n=0):\n    def add():\n        nonlocal n\n        n += 1\n        return n\n    return add",
            "x = counter()",
            "x(); x()",
            "def f(): return x()",
        ],
        [
            "import numpy as np\nx, y = [np.random.default_rng(k) for k in (0, 1)]",
            "x.bit_generator.state = y.bit_generator.state",
            "def f(): return 3 * (x.random() == y.random())",
        ],
        ["globals()['x'] = 3", "def f(): return x"],
        ["exec('x = 3')", "def f(): return x"],
        ["x = 3", "def f(): return eval('x')"],
    ],
    ids=" | ".join,
)
def test_what_could_change_what_a_function_uses_is_run(cells):
    assert called(cells) == 3
    assert "end" in Notebook(cells).outline(["f"])


@pytest.mark.parametrize(
    "cells",
    [
        ["def g(): return 1", "def f(): return g()", "def g(): return 3"],
        ["x = 1", "def f(): return x", "x = 3"],
        ["x = [3]", "def f(): return x[-1] - 1", "for k in (4,): x.append(k)"],
    ],
    ids=" | ".join,
)
def test_the_last_definition_counts_also_of_what_a_function_uses(cells):
    assert called(cells) == 3


@pytest.mark.parametrize(
    "cells",
    [
        ["def edge(): return 3", "def f(): return edge()", "edge = f()"],
        ["factor = 3", "def f(): return factor", "for factor in (1, 2): print(factor * f())"],
        ["def f(): return g()", "def g(): return 3", "def f(): return g()", "g = 5"],
        ["def f(): return 3", "f = f() + 1"],
        ["x = [3]", "def f(): return x[-1]", "x.append(4)"],
        ["x = 3", "def f(): return x", "del x"],
    ],
    ids=" | ".join,
)
def test_where_a_later_experiment_uses_a_name_again_the_notebook_counts_as_it_was_at_the_functions_cell(cells):
    assert list(Notebook(cells).outline(["f"]))[:2] == ["end", "cell"]
    assert called(cells, plan="cell") == 3


@pytest.mark.parametrize(
    "cells",
    [
        ["x = [3]", "def slow(row): raise TimeoutError", "slow(x)", "def f(): return x[0]"],
        ["x = [3]", "while x: x.append(1)", "def f(): return x[0]"],
    ],
    ids=" | ".join,
)
def test_the_smallest_plan_leaves_out_what_only_could_change_something(cells):
    assert list(Notebook(cells).outline(["f"])) == ["end", "smallest"]
    assert called(cells, plan="smallest") == 3


def test_the_changes_that_are_certain_are_in_every_plan():
    cells = ["x = []", "x.append(3)", "y = {}\ny['x'] = x", "def f(): return y['x'][0]", "f.x = 1"]
    assert list(Notebook(cells).outline(["f"])) == ["end"] or called(cells, plan="smallest") == 3


def chosen(cells, plan="end", name="f"):
    return [ast.unparse(s.node) for s in Dependencies(statements(cells)).needed(name, plan)]


def test_experiments_are_not_needed():
    cells = [
        "import numpy as np",
        "import matplotlib.pyplot as plt",
        "rates = [2, 3]",
        "figure, axes = plt.subplots()\naxes.plot(rates)\nplt.plot(rates)",
        "print(rates, len(rates), f'{rates}')\nnp.mean(rates)",
        "def f(): return np.sum(rates)",
        "def test_f(f): assert f() == 5\ntest_f(f)",
        "for _ in range(10): print(f())",
        "best = f() + np.max(rates)",
    ]
    assert [line.split("(")[0] for line in chosen(cells)] == ["import numpy as np", "rates = [2, 3]", "def f"]
    assert list(Notebook(cells).outline(["f"])) == ["end"]


@pytest.mark.parametrize(
    "cells",
    [
        ["def f(): return list(range(3))", "rows = list(range(3))\nrows[0] = 1\nfor row in rows: row.show()"],
        ["import logging\nlog = logging.getLogger()", "def f(): log.info('so')", "for _ in range(9): print(f())"],
        ["from collections import namedtuple\nP = namedtuple('P', 'x')", "def f(): return P(3).x", "print(f())"],
        ["g = lambda: 3", "def f(): return g()", "train(g)\nprint(f())"],
        ["class A:\n    def step(self): self.x = 1", "def f(): return A().step()", "a = A()\na.step()\ntrain(a, f)"],
    ],
    ids=" | ".join,
)
def test_what_only_looks_like_a_change_is_not_run(cells):
    assert list(Notebook(cells).outline(["f"])) == ["end"]
    assert len(chosen(cells)) == len(chosen(cells[:-1]))


def test_numbers_and_texts_cannot_be_changed():
    cells = ["rate = 0.1", "def run(rate): return rate", "run(rate)\nstart(rate)", "def f(): return rate"]
    assert chosen(cells) == ["rate = 0.1", "def f():\n    return rate"]


def test_functions_are_not_changed_by_those_that_they_are_given_to():
    cells = ["def f(): return 3", "def train(step): return step()", "losses = train(f)\nrun(f, losses)"]
    assert chosen(cells) == ["def f():\n    return 3"]


def test_what_a_function_needs_runs_once():
    book = Notebook(["seen = []", "seen.append(1)", "def f(): return len(seen)", "def g(): return len(seen)"])
    assert [book.function(name)() for name in "fgf"] == [1, 1, 1]


def test_a_long_notebook_is_read_once_too(walls):
    sandbox = Sandbox(["x = 0", "x += 1\n" * 2500, "def f(): return x"], walls)
    outline, *others = sandbox.outlines([["f"]] * 3)
    sandbox.close()
    assert [len(outline["end"]["f"]), *others] == [2502, outline, outline]
    sandbox.steps = outline["end"]
    assert sandbox.call("f") == 2500
    sandbox.close()


def test_what_is_read_once_runs_only_that_and_parses_no_other_cell():
    cells = [
        "from __future__ import annotations",
        "x = 1\nx = 2",
        "y = x + 1",
        "def f(a: nothing = y): return a",
        "y = (",
    ]
    steps = Notebook(cells).outline(["f"])["end"]
    book = Notebook(cells, "end", steps)
    assert book.function("f")() == 3
    assert sorted(book.parsed) == [2, 3, 4]


# Cells as Jupyter reads them


@pytest.mark.parametrize(
    "cells",
    [
        ["%matplotlib inline\n!ls\nx = 3", "def f(): return x"],
        ["files = !ls\nx = 3\nx?", "def f(): return x"],
        ["%%time\nx = 3", "def f(): return x"],
        ["%%capture out\nx = 3", "def f(): return x"],
        ["%%capture --no-stderr\nx = 3\n!ls", "def f(): return x"],
        ["%%prun -l 5\nx = 3", "def f(): return x"],
        ["%time x = 3", "def f(): return x"],
        ["x = %time 1 + 2", "def f(): return x"],
        ["for k in range(1):\n    %time x = 3", "def f(): return x"],
        ["x = []", "%timeit -n1 -r1 x.append(3)", "def f(): return x[0]"],
        ["x = 3", "%%timeit\nx = 5", "def f(): return x"],
        ["x = 3", "%%bash\nx=5", "%%writefile a.py\nx = 5", "%%html\n<b>x = 5</b>", "def f(): return x"],
        ["%%bash\nrm -rf *", "def f(): return 3"],
        ["pip install numpy\ndef f(): return 3"],
        ["!pip install \\\n    numpy\nx = 3", "def f(): return x"],
        ["!ls\nx = 3.0  # good?\nls = 3", "def f(): return ls"],
        ["%time\nx = (10\n  % 7)", "def f(): return x"],
        ["!ls\nx = [1,  # right?\n  3]", "def f(): return x[1]"],
        ['!ls\ndef f():\n    """Really?\n    %time is it so?\n    """\n    return 3'],
        ["x = get_ipython()\nx.run_line_magic('time', 'f()')\nx.system('ls')", "def f(): return 3 if x else 0"],
        ["h = display(1, display_id=True)\nh.update(2)", "def f(): return 3 if h else 0"],
        [">>> x = 3\n>>> y = x", "def f(): return y"],
        ["    x = 3\n    y = x", "def f(): return y"],
        ["label = '$\\sigma$'", "def f(): return 3 * (len(label) == 8)"],
    ],
    ids=" | ".join,
)
@pytest.mark.parametrize("plan", ["end", "cell"])
def test_magics_do_what_they_do_in_jupyter_or_nothing(cells, plan):
    assert called(cells, plan=plan) == 3


@pytest.mark.parametrize(
    "cells, sentence",
    [
        ([], "there is no function `f` in this notebook"),
        (["def f(: return 1"], "code cell 1, which defines `f`, is not Python 3."),
        (["def g(: return 1", "def f(): return g()"], "code cell 1, which defines `g`, is not Python 3."),
        (["x = f'{", "def f(): return x"], "code cell 1, which defines `x`, is not Python 3."),
        (["%%bash\ndef f(): return 1"], "begins with %%bash; of the cells that begin with %% only those with %%time,"),
        (["y = 1 / 0", "x = z", "def f(): return x + y"], "code cell 2 failed before: NameError: name 'z'"),
        (["import nothing", "f = nothing.f"], "code cell 1, which `f` needs, failed: ModuleNotFoundError"),
        (["def f(): return x"], "each question is run by itself, with the definitions"),
        (["x = 1 / 0", "def f(): return x"], "code cell 1 failed before: ZeroDivisionError"),
        (["def f(): return {1, 2}"], "`f` returned a set: only numbers"),
        (["def f(): return 1j"], "`f` returned complex numbers"),
        (["import numpy as np", "def f(): return np.array([1j])"], "take np.real(...)"),
        (["import numpy as np", "def f(): return np.array(['a'])"], "instead of real numbers"),
        (["def f(): return 10**30"], "more than 64 bits"),
        (["def f(): raise ValueError('so')"], "`f` raised ValueError: so"),
    ],
    ids=str,
)
def test_what_goes_wrong_is_said(cells, sentence):
    with pytest.raises(StudentError, match=re.escape(sentence)):
        called(cells)
