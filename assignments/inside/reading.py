"""What a statement of a notebook reads, binds and does to objects, as far as that can be told without running it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True)
class Call:
    """A call: of which function, and what it is given.

    Attributes
    ----------
    roots : frozenset of str
        The names from which the function comes: ``x`` in ``x.rows.append(y)``.
    attribute : str
        The last attribute, ``append``; empty where a name itself is called.
    arguments : frozenset of str
        The names whose objects it is given: ``y``, but not the ``y`` in ``y + 1``, which is another object.
    out : bool
        Whether there is an argument ``out=``.
    alone : bool
        Whether it is a whole statement.
    literal : bool
        Whether all its arguments are written out: ``np.random.seed(3)``.
    """

    roots: frozenset[str]
    attribute: str
    arguments: frozenset[str]
    out: bool = False
    alone: bool = False
    literal: bool = False


@dataclass
class Doings:
    """What code does to objects.

    Attributes
    ----------
    stored : set of str
        The names into which it stores: ``x[0] = 1``, ``x.y = 1``.
    reached : set of str
        The names whose objects it may change under another name: ``row = x[0]``, and then ``row[0] = 1``.
    calls : list of Call
    """

    stored: set[str] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)

    def add(self, other: Doings) -> None:
        """Take over what other code does."""
        self.stored |= other.stored
        self.reached |= other.reached
        self.calls += other.calls

    def seen_from_outside(self, local: set[str], sources: dict[str, set[str]]) -> Doings:
        """Return the same with each local name replaced by the outer names from which its object may come."""
        changed = self.stored.union(self.reached, *(call.roots for call in self.calls)) & local
        given = {names: closure(names, sources) - local for names in {call.arguments for call in self.calls}}
        calls = (
            replace(call, roots=call.roots - local, arguments=frozenset(given[call.arguments])) for call in self.calls
        )
        reached = (self.reached | closure(changed, sources)) - local
        return Doings(self.stored - local, reached, [*dict.fromkeys(calls)])


@dataclass
class Scope:
    """A module, function, class or comprehension while it is read; `later` is what its functions do when called."""

    stores: set[str] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)  # stored here, but declared global or nonlocal
    loads: set[str] = field(default_factory=set)
    later_loads: set[str] = field(default_factory=set)
    now: Doings = field(default_factory=Doings)
    later: Doings = field(default_factory=Doings)
    sources: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def closure(names: Iterable[str], sources: dict[str, set[str]]) -> set[str]:
    """Return the names, and those from which their objects may come.

    Examples
    --------
    >>> sorted(closure({"row"}, {"row": {"rows"}, "rows": {"table"}}))
    ['row', 'rows', 'table']
    """
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += sources.get(name, ())
    return found


class Statement:
    """A statement at the top of a cell.

    Attributes
    ----------
    node : ast.stmt
    cell, place : int
        The number of its cell, from 1, and of the statements before it in the cell.
    binds : set of str
        The names that have a new value, or none, after it.
    loads, uses : set of str
        The names that are read when it runs; these, and those that its functions read when they are called.
    now, later : Doings
        What it does when it runs, and what its functions do when they are called.
    sources : dict
        For a name the names from which its object may come: ``{"row": {"table"}}`` for ``row = table[0]``.
    imports : dict
        For each name that it imports the package.
    functions : set of str
        The names that it binds to functions and classes.
    literals : set of str
        The names that it binds to a number or text that is written out.
    made_by : dict
        For each name that it binds to what a call returns the names from which the function comes.
    """

    def __init__(self, node: ast.stmt, cell: int, place: int):
        reader = _Reader()
        reader.visit(node)
        scope = reader.scope
        self.node, self.cell, self.place = node, cell, place
        self.binds, self.loads, self.uses = scope.stores, scope.loads, scope.loads | scope.later_loads
        self.now, self.later, self.sources = scope.now, scope.later, scope.sources
        names, value = _assignment(node)
        self.imports = reader.imports
        self.functions = reader.functions | names if isinstance(value, ast.Lambda) else reader.functions
        self.literals = names if value is not None and _is_literal(value) else set()
        self.made_by = dict.fromkeys(names, _objects(value.func)) if isinstance(value, ast.Call) else {}
        self.imports_all = "*" in scope.stores
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self.now.calls[-1] = replace(self.now.calls[-1], alone=True)


def _assignment(node: ast.stmt) -> tuple[set[str], ast.expr | None]:
    """Return the names to which a statement assigns, and what; nothing for other statements."""
    match node:
        case ast.Assign(targets=targets, value=value):
            return {target.id for target in targets if isinstance(target, ast.Name)}, value
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            return {name}, value
    return set(), None


def _is_literal(node: ast.expr) -> bool:
    """Return whether a value is written out and cannot be changed."""
    if isinstance(node, ast.Tuple):
        return all(map(_is_literal, node.elts))
    if isinstance(node, ast.BinOp):
        return _is_literal(node.left) and _is_literal(node.right)
    return isinstance(node, ast.Constant) or (isinstance(node, ast.UnaryOp) and _is_literal(node.operand))


def _objects(node: ast.AST | None) -> set[str]:
    """Return the names whose objects, or parts of them, the value of an expression may be or hold."""
    match node:
        case ast.Name(id=name):
            return {name}
        case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Starred(value=inner):
            return _objects(inner)
        case ast.Await(value=inner) | ast.NamedExpr(value=inner) | ast.keyword(value=inner):
            return _objects(inner)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts) | ast.Dict(values=parts):
            return set().union(*map(_objects, parts))
        case ast.BoolOp(values=parts):
            return set().union(*map(_objects, parts))
        case ast.IfExp(body=one, orelse=other):
            return _objects(one) | _objects(other)
        case ast.ListComp(elt=inner) | ast.SetComp(elt=inner) | ast.GeneratorExp(elt=inner) | ast.DictComp(value=inner):
            return _objects(inner).union(*(_objects(one.iter) for one in node.generators))
        case ast.Call(func=function, args=arguments, keywords=keywords):  # `f` itself is no part of what f(x) returns
            of = set() if isinstance(function, ast.Name) else _objects(function)
            return of.union(*map(_objects, [*arguments, *keywords]))
    return set()


class _Reader(ast.NodeVisitor):
    """Reads one statement; afterwards `scope` is that of the module, with this statement in it."""

    def __init__(self) -> None:
        self.scope = Scope()
        self.imports: dict[str, str] = {}
        self.functions: set[str] = set()
        self.depth = 0  # in functions, classes and comprehensions

    def visit_Constant(self, node: ast.AST) -> None:
        """Do nothing, as for the other nodes in which there is nothing; this saves a third of the time."""

    visit_Load = visit_Store = visit_Constant

    # Names

    def visit_Name(self, node: ast.Name) -> None:
        (self.scope.loads if isinstance(node.ctx, ast.Load) else self.scope.stores).add(node.id)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            package = getattr(node, "module", None) or alias.name
            name = alias.asname or (alias.name.split(".")[0] if isinstance(node, ast.Import) else alias.name)
            self.scope.stores.add(name)
            if not self.depth:
                self.imports[name] = package.split(".")[0]

    visit_ImportFrom = visit_Import

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        self.scope.elsewhere.update(node.names)

    visit_Nonlocal = visit_Global

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.scope.stores.add(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self.scope.stores.add(node.name)
        self.generic_visit(node)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.scope.stores.add(node.rest)
        self.generic_visit(node)

    # Where objects come from

    def _flows(self, target: ast.AST | None, value: ast.AST | None) -> None:
        """Note that the names in a target may get what a value holds."""
        objects = _objects(value)
        if target is not None and objects:
            for part in ast.walk(target):
                if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
                    self.scope.sources[part.id] |= objects

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._flows(target, node.value)
            for other in node.targets:  # x = y = []
                self._flows(target, other)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._flows(node.target, node.value)
        self.generic_visit(node)

    visit_NamedExpr = visit_AnnAssign  # type: ignore[assignment]

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._flows(node.target, node.iter)
        self.generic_visit(node)

    visit_AsyncFor = visit_For

    def visit_withitem(self, node: ast.withitem) -> None:
        self._flows(node.optional_vars, node.context_expr)
        self.generic_visit(node)

    def visit_Match(self, node: ast.Match) -> None:
        for case in node.cases:
            for part in ast.walk(case.pattern):
                if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name:
                    self.scope.sources[part.name] |= _objects(node.subject)
        self.generic_visit(node)

    # What is done to objects

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):  # an array is changed in place
            self.scope.loads.add(node.target.id)
            self.scope.now.stored.add(node.target.id)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute | ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.scope.now.stored |= _objects(node.value)
        self.generic_visit(node)

    visit_Subscript = visit_Attribute

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        self._called(node.func, [*node.args, *node.keywords])

    def _called(self, function: ast.expr, arguments: list[ast.expr | ast.keyword]) -> None:
        self.scope.now.calls.append(
            Call(
                roots=frozenset(_objects(function)),
                attribute=function.attr if isinstance(function, ast.Attribute) else "",
                arguments=frozenset().union(*map(_objects, arguments)),
                out=any(isinstance(one, ast.keyword) and one.arg == "out" for one in arguments),
                literal=all(_is_literal(one.value if isinstance(one, ast.keyword) else one) for one in arguments),
            )
        )

    # Scopes

    def _read_inside(self, parts: Iterable[ast.AST], scope: Scope) -> None:
        outer, self.scope = self.scope, scope
        self.depth += 1
        for part in parts:
            self.visit(part)
        self.depth -= 1
        self.scope = outer

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._decorated(node)
        self.scope.later_loads |= (later := self._function(node, node.body))[0]
        self.scope.later.add(later[1])

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Read it as called at once and as called later: which of the two cannot be told."""
        loads, doings = self._function(node, [node.body])
        self.scope.loads |= loads
        self.scope.now.add(doings)
        self.scope.later.add(doings)

    def _decorated(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self.scope.stores.add(node.name)
        if not self.depth:
            self.functions.add(node.name)
        for decorator in node.decorator_list:
            self.visit(decorator)
            self._called(decorator, [])

    def _function(self, node: Function, body: Iterable[ast.AST]) -> tuple[set[str], Doings]:
        """Return which outer names a function reads, and what it does to objects from outside."""
        arguments = node.args
        ordinary = [*arguments.posonlyargs, *arguments.args]
        every = [*ordinary, *arguments.kwonlyargs, *filter(None, [arguments.vararg, arguments.kwarg])]
        inner = Scope(stores={one.arg for one in every})
        annotations = [*(one.annotation for one in every), getattr(node, "returns", None)]
        for outside in filter(None, [*arguments.defaults, *arguments.kw_defaults, *annotations]):
            self.visit(outside)
        with_default = ordinary[len(ordinary) - len(arguments.defaults) :]
        for one, default in [
            *zip(with_default, arguments.defaults, strict=True),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]:
            inner.sources[one.arg] |= _objects(default)
        self._read_inside(body, inner)
        local = inner.stores - inner.elsewhere
        inner.now.add(inner.later)
        inner.now.stored |= inner.stores & inner.elsewhere
        return (inner.loads | inner.later_loads) - local, inner.now.seen_from_outside(local, inner.sources)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._decorated(node)
        for base in [*node.bases, *node.keywords]:
            self.visit(base)
        self.scope.now.stored |= set().union(*map(_objects, node.bases))  # they may keep a list of their heirs
        inner = Scope()
        self._read_inside(node.body, inner)
        local = inner.stores - inner.elsewhere
        self.scope.loads |= inner.loads - local
        self.scope.now.add(inner.now.seen_from_outside(local, inner.sources))
        self.scope.later_loads |= inner.later_loads
        self.scope.later.add(inner.later)

    def _comprehension(self, node: Comprehension) -> None:
        inner = Scope()
        outer, self.scope = self.scope, inner
        for generator in node.generators:
            self._flows(generator.target, generator.iter)
        self.scope = outer
        values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._read_inside([*node.generators, *values], inner)
        named = {part.target.id for part in ast.walk(node) if isinstance(part, ast.NamedExpr)}
        local = inner.stores - named
        self.scope.stores |= named & inner.stores
        self.scope.loads |= inner.loads - local
        self.scope.now.add(inner.now.seen_from_outside(local, inner.sources))
        self.scope.later_loads |= inner.later_loads - local
        self.scope.later.add(inner.later.seen_from_outside(local, inner.sources))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension
