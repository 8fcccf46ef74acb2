"""A student's notebook as the grader runs it: for each function what it needs, and nothing else.

Which statements these are, a *plan* says:

- ``"end"``: whatever defines, or could change, what the function uses, in the whole notebook. The last definition
  counts. This is what the function sees in Jupyter after "restart and run all".
- ``"cell"``: the same, but only down to the function's own last definition, for notebooks in which a later
  experiment uses a name for something else. What is missing there comes from further down.
- ``"smallest"``: down to there definitions and assignments only, for notebooks in which the rest takes too long.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import contextlib
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from types import ModuleType
from typing import Any

from assignments.inside.cells import PYTHON, RUN_PYTHON, NotPython, python_of, skipped_magic
from assignments.inside.reading import Call, Doings, Statement, closure

PLANS = ("end", "cell", "smallest")
NOTES = {  # for the student's page
    "end": "",
    "cell": (
        "This was graded as the notebook stands below the cell that defines it. With what later cells do to the names "
        "that it uses, its public tests do not pass."
    ),
    "smallest": (
        "This was graded with nothing but the definitions and assignments that it uses, down to the cell that defines "
        "it. With every line that could change them, it takes too long or its public tests do not pass."
    ),
}
# Of the builtins those that may change what they are given, or run it; of NumPy's functions those that change it.
BUILTINS_THAT_CHANGE = {"setattr", "delattr", "next", "map", "filter", "exec", "eval", "getattr", "iter", "vars"}
NUMPY_THAT_CHANGES = {"copyto", "put", "place", "putmask", "put_along_axis", "fill_diagonal", "shuffle", "at"}
HARMLESS = {"matplotlib", "seaborn", "plotly", "IPython", "tqdm", "logging", "warnings"}  # packages that only show
BIND_ANYTHING, READ_ANYTHING = {"globals", "locals", "exec"}, {"globals", "eval", "exec"}


Step = tuple[
    int, int, int
]  # a statement that runs: its cell, its place there, and the flags that hold from `__future__`
Steps = dict[str, list[Step]]  # by functions
Outline = dict[str, Steps]  # by plans


def statements(cells: Iterable[str]) -> list[Statement]:
    """Return the statements of all cells that are Python."""
    found: list[Statement] = []
    for number, cell in enumerate(cells, start=1):
        with contextlib.suppress(NotPython):
            found += statements_of(cell, number)
    return found


def statements_of(cell: str, number: int) -> list[Statement]:
    """Return the statements of one cell.

    Raises
    ------
    NotPython
    """
    try:
        return [Statement(node, number, place) for place, node in enumerate(python_of(cell))]
    except RecursionError:
        raise NotPython("it is nested too deeply") from None


class Dependencies:
    """What depends on what among the statements of a notebook."""

    def __init__(self, found: list[Statement]):
        self.statements = found
        self.imports: dict[str, str] = {}
        self.functions: set[str] = set()
        self.bound: set[str] = set()
        self.sources: dict[str, set[str]] = defaultdict(set)
        self.made_by: dict[str, set[str]] = {}
        self.star = ""  # the package of the last ``from ... import *``
        computed: set[str] = set()
        for s in found:
            self.imports |= s.imports
            self.star = s.imports.get("*", self.star)
            self.made_by |= s.made_by
            self.functions |= s.functions
            self.bound |= s.binds
            computed |= s.binds - s.literals | s.later.stored  # the last also by `global`
            for name, objects in s.sources.items():
                self.sources[name] |= objects
        self.constants = self.bound - computed
        self.builtins = vars(builtins).keys() - self.bound

    def needed(self, name: str, plan: str = "end") -> list[Statement]:
        r"""Return, in their order, the statements that a plan runs for the function `name`.

        Examples
        --------
        >>> cell = "import slow\nrates = [0.1]\nrates.append(0.2)\nprint(rates)\nf = lambda x: rates * x"
        >>> [ast.unparse(s.node) for s in Dependencies(statements([cell])).needed("f")]
        ['rates = [0.1]', 'rates.append(0.2)', 'f = lambda x: rates * x']
        """
        last = self._last_definition(name) if plan != "end" else len(self.statements)
        givers = self._definitions if plan == "smallest" else self._changes
        before = set().union(*(s.binds for s in self.statements[: last + 1]))
        chosen: set[int] = set()
        wanted: set[str] = set()
        left = [name]

        def choose(places: Iterable[int]) -> None:
            for place in set(places) - chosen:
                chosen.add(place)
                left.extend(self.statements[place].uses - wanted)

        choose(place for place, s in enumerate(self.statements) if self._always(s, plan) and place <= last)
        choose(place for place, s in enumerate(self.statements) if s.imports_all)
        while left:
            one = left.pop()
            if one not in wanted:
                wanted.add(one)
                everything = plan != "smallest" and one in READ_ANYTHING - self.bound
                for other in self.bound if everything else [one]:
                    choose(place for place in givers[other] if place <= last or other not in before)
        return [self.statements[place] for place in sorted(chosen)]

    def _last_definition(self, name: str) -> int:
        """Return the place of the last ``def`` or, without one, of the last statement that binds the name."""
        places = [place for place, s in enumerate(self.statements) if name in s.functions] or [
            place for place, s in enumerate(self.statements) if name in s.binds
        ]
        return max(places, default=-1)

    def _always(self, statement: Statement, plan: str) -> bool:
        """Return whether every function needs a statement: ``sys.setrecursionlimit(5000)``, ``exec("x = 1")``."""
        sets_interpreter = any(self.imports.get(root) == "sys" for root in self._settings(statement.now))
        return sets_interpreter or (plan != "smallest" and bool(statement.loads & (BIND_ANYTHING - self.bound)))

    @cached_property
    def _definitions(self) -> dict[str, list[int]]:
        """For each name the statements that bind it, or change its object for certain."""
        found: dict[str, list[int]] = defaultdict(list)
        for place, s in enumerate(self.statements):
            called = {root for call in s.now.calls if call.alone and call.attribute for root in call.roots}
            for name in s.binds | s.now.stored | called - self.imports.keys():
                found[name].append(place)
        return found

    @cached_property
    def _changes(self) -> dict[str, list[int]]:
        """For each name the statements that bind it, or may change its object."""
        found: dict[str, list[int]] = defaultdict(list)
        effects = self._effects()
        for place, s in enumerate(self.statements):
            for name in (s.binds | self._may_change(s.now)).union(*(effects[n] for n in s.loads & effects.keys())):
                found[name].append(place)
        return found

    def _effects(self) -> dict[str, set[str]]:
        """For each name what is changed where its functions are called, also by the functions that they call."""
        effects: dict[str, set[str]] = defaultdict(set)
        used_by: dict[str, set[str]] = defaultdict(set)
        for s in self.statements:
            changed = self._may_change(s.later) if s.later.stored or s.later.calls else set()
            for name in s.binds:
                effects[name] |= changed
            for name in s.uses:
                used_by[name] |= s.binds
        effects = defaultdict(set, {name: changed for name, changed in effects.items() if changed})
        for name, changed in list(effects.items()):
            for user in closure([name], used_by):
                effects[user] |= changed
        return effects

    def _may_change(self, doings: Doings) -> set[str]:
        """Return the names whose objects code could change."""
        changed = doings.stored | self._settings(doings)
        reached = set(doings.reached)
        for call in doings.calls:
            own = {root for root in call.roots - self.imports.keys() if root in self.bound and not self._harmless(root)}
            if call.attribute:
                changed |= own  # a method may change its object
            else:
                reached |= {root for root in own if not self._from_library(root)}  # it may keep a state, as a closure
                reached |= closure(own, self.sources) - own
            if not self._leaves_alone(call):
                (changed if call.roots & {"setattr", "delattr"} else reached).update(call.arguments)
        behind = closure(changed | reached, self.sources) - changed - self.functions - self.imports.keys()
        return (changed | behind) - self.constants

    def _settings(self, doings: Doings) -> set[str]:
        """Return the modules whose settings are changed: ``np.random.seed(3)`` changes `np`."""
        roots = (call.roots for call in doings.calls if call.alone and call.literal and call.attribute)
        return set().union(*roots) & self.imports.keys()

    def _leaves_alone(self, call: Call) -> bool:
        """Return whether a call is known to leave its arguments as they are."""
        for root in call.roots:
            if self.imports.get(root, self.star) == "numpy" and root not in self.builtins:
                if call.out or call.attribute in NUMPY_THAT_CHANGES or root in NUMPY_THAT_CHANGES:
                    return False
            elif not self._harmless(root) and root not in self.builtins - BUILTINS_THAT_CHANGE:
                return False
        return bool(call.roots)

    def _harmless(self, name: str) -> bool:
        """Return whether a name is from a package that only shows things, as ``axes`` in ``axes = plt.axes()``."""
        return any(self.imports.get(one) in HARMLESS for one in [name, *self.sources.get(name, ())])

    def _from_library(self, name: str) -> bool:
        """Return whether a name is what an imported function returned, as ``namedtuple("Point", "x y")``."""
        return bool(self.made_by.get(name, set()) & self.imports.keys())


class Notebook:
    """The functions of a notebook: each found by name, and what it needs run once, when it is first called.

    Making one runs none of the student's code.

    Parameters
    ----------
    cells : list of str
        The code cells.
    plan : str
        One of `PLANS`. It may be set later, too, but before the first function is asked for.
    steps : dict, optional
        For each function the statements that the plan runs, as `outline` says them. For others the cells are read.
    """

    def __init__(self, cells: list[str], plan: str = "end", steps: Steps | None = None):
        self.cells, self.plan, self.steps = cells, plan, steps or {}
        self.module = ModuleType("__main__")  # as in Jupyter
        front_end = FrontEnd()
        vars(self.module).update(__builtins__=builtins, display=front_end, get_ipython=front_end)
        self.parsed: dict[int, list[ast.stmt]] = {}
        self.ran: set[Step] = set()
        self.prepared: set[str] = set()  # functions whose statements have run
        self.failed: dict[Step, str] = {}

    def outline(self, names: Iterable[str]) -> Outline:
        """Return those of `PLANS` that differ for the functions of these names, in their order, with what they run."""
        outline: Outline = {}
        names = list(names)
        for plan in PLANS:
            steps = {name: self._read(name, plan) for name in names}
            if steps not in outline.values():
                outline[plan] = steps
        return outline

    def _read(self, name: str, plan: str) -> list[Step]:
        return [(s.cell, s.place, self._future[s]) for s in self._dependencies.needed(name, plan)]

    @cached_property
    def _dependencies(self) -> Dependencies:
        return Dependencies(statements(self.cells))

    @cached_property
    def _future(self) -> dict[Statement, int]:
        """For each statement the flags of the ``from __future__`` imports above it, which hold from there on."""
        flags, so_far = {}, 0
        for statement in self._dependencies.statements:
            if isinstance(statement.node, ast.ImportFrom) and statement.node.module == "__future__":
                for alias in statement.node.names:
                    so_far |= getattr(getattr(__future__, alias.name, None), "compiler_flag", 0)
            flags[statement] = so_far
        return flags

    def function(self, name: str) -> Callable[..., Any]:
        """Return the function that the notebook calls `name`, running only what it needs.

        Raises
        ------
        Missing
            If there is none then.
        """
        if name not in self.prepared:
            self.prepared.add(name)
            for cell, place, flags in self.steps[name] if name in self.steps else self._read(name, self.plan):
                self._run((cell, place, flags))
        found: Callable[..., Any] | None = vars(self.module).get(name)
        if callable(found):
            return found
        raise Missing(self._why_missing(name))

    @contextlib.contextmanager
    def as_main(self) -> Iterator[None]:
        """Let `sys.modules` find the notebook as ``__main__`` meanwhile: `pickle` and `typing` look there."""
        before, sys.modules["__main__"] = sys.modules["__main__"], self.module
        try:
            yield
        finally:
            sys.modules["__main__"] = before

    def _run(self, step: Step) -> None:
        """Run a statement, unless it has run."""
        if step in self.ran:
            return
        self.ran.add(step)
        cell, place, flags = step
        try:
            code = compile(
                ast.Module([self._python(cell)[place]], []), f"cell {cell}", "exec", flags, dont_inherit=True
            )
            exec(code, vars(self.module))
        except (Exception, SystemExit) as error:  # in Jupyter either ends a cell, not the notebook
            self.failed[step] = f"{type(error).__name__}: {error}"

    def _python(self, cell: int) -> list[ast.stmt]:
        """Return the statements of a cell; only the cells that are needed are parsed."""
        if cell not in self.parsed:
            self.parsed[cell] = python_of(self.cells[cell - 1])
        return self.parsed[cell]

    def _why_missing(self, name: str) -> str:
        return (
            self._not_run(name)
            or self._first_failure(f"code cell {{}}, which `{name}` needs, failed: {{}}")
            or f"there is no function `{name}` in this notebook"
        )

    def why_undefined(self, name: str | None) -> str:
        """Say why a name may have no value, after a `NameError`."""
        return (
            (self._not_run(name) if name else "")
            or self._first_failure("code cell {} failed before: {}", name)
            or "each question is run by itself, with the definitions and assignments that it needs and nothing else"
        )

    def _not_run(self, name: str) -> str:
        """Name the last cell that would define a name, if it is no Python; an empty text where there is none."""
        defines = re.compile(rf"\b(?:def|class)\s+{re.escape(name)}\b|^\s*{re.escape(name)}\s*=", re.MULTILINE)
        for number, cell in reversed([*enumerate(self.cells, start=1)]):
            where = f"code cell {number}, which defines `{name}`,"
            if not defines.search(cell):
                continue
            try:
                statements_of(cell, number)
            except NotPython as error:
                return f"{where} is not {PYTHON}: {error}"
            if magic := skipped_magic(cell):
                run = ", ".join(f"%%{one}" for one in RUN_PYTHON)
                return f"{where} begins with {magic}; of the cells that begin with %% only those with {run} are run"
        return ""

    def _first_failure(self, sentence: str, name: str | None = None) -> str:
        """Say which of the cells that ran failed first, before all of those that bind the name."""

        def binds(step: Step) -> set[str]:
            return statements_of(self.cells[step[0] - 1], step[0])[step[1]].binds

        failures = sorted(self.failed.items(), key=lambda failure: name not in binds(failure[0]))
        return sentence.format(failures[0][0][0], failures[0][1]) if failures else ""


class FrontEnd:
    """Stands in for Jupyter as `get_ipython` and `display`: whatever is asked of it does nothing."""

    def __call__(self, *_: object, **__: object) -> FrontEnd:
        """Return itself."""
        return self

    def __getattr__(self, name: str) -> FrontEnd:
        """Return itself, but not for what Python itself looks up."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __iter__(self) -> Iterator[str]:
        """Give nothing: the lines that a command would have written."""
        return iter(())


class Missing(LookupError):
    """The notebook does not define what is asked for."""
