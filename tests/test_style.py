"""The house is in order: formatted, its rooms depend one way, and what it offers is explained."""

import ast
import importlib
import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from optim.rules import RULES
from optim.successors import SUCCESSORS

ROOT = Path(__file__).parent.parent
FLOOR = {
    "checks": 0,
    "weak": 0,
    "looks": 0,
    "rule": 1,
    "losses": 1,
    "rules": 2,
    "trace": 2,
    "data": 2,
    "frameworks": 3,
    "run": 3,
    "models": 2,
    "successors": 3,
    "sweeps": 3,
    "marks": 1,
    "plots": 4,
    "explore": 5,
}
WIDGETS = {"anywidget", "ipywidgets", "traitlets"}
OUTSIDE = (
    {"IPython", "PIL", "joblib", "matplotlib", "numpy", "sklearn", "threadpoolctl"}
    | WIDGETS
    | set(sys.stdlib_module_names)
)
FILES = sorted((ROOT / "optim").rglob("*.py"))


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_finds_nothing(command):
    run = subprocess.run([sys.executable, "-m", "ruff", *command, ROOT], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def imports(file):
    """Return the modules that a file imports, by their full names."""
    names = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import hides where it leads"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name.split(".") for name in names]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_each_room_depends_only_on_those_below_it_and_none_on_the_book(file):
    room = file.relative_to(ROOT / "optim").parts[0].removesuffix(".py")
    for package, *inside in imports(file):
        assert package in {*OUTSIDE, "optim"}
        if package == "optim" and room != "__init__" and inside[0] != room:
            assert FLOOR[inside[0]] < FLOOR[room]


@pytest.mark.parametrize("file", sorted((ROOT / "assignments").rglob("*.py")), ids=lambda file: file.stem)
def test_the_grader_knows_nothing_of_the_book_and_runs_without_it(file):
    ours = {"assignments", "optim", "book", "tests", "tools"}
    assert {package for package, *_ in imports(file) if package in ours} <= {"assignments"}


def test_what_runs_beside_student_code_needs_numpy_and_ipython_and_nothing_else():
    inside = ROOT / "assignments" / "inside"
    imported = {tuple(module) for file in inside.glob("*.py") for module in imports(file)}
    assert {module[:2] for module in imported if module[0] == "assignments"} == {("assignments", "inside")}
    assert {module[0] for module in imported} <= {"assignments", "numpy", "IPython", *sys.stdlib_module_names}


def test_every_room_of_optim_has_its_floor():
    rooms = {path.name.removesuffix(".py") for path in (ROOT / "optim").iterdir()} - {"py.typed"}
    rooms = {room for room in rooms if not room.startswith("_")}
    assert rooms == set(FLOOR)


def test_whoever_installs_optim_gets_all_of_it_and_nothing_else():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    folders = {path.parent for path in FILES}
    assert {ROOT / name.replace(".", "/") for name in tool["packages"]} == folders
    data = {
        path
        for package, patterns in tool["package-data"].items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    assert data == {path for path in (ROOT / "optim").rglob("*.*") if path.suffix not in (".py", ".pyc")}


ROOMS = [importlib.import_module(f"optim.{room}") for room in FLOOR]
PUBLIC = {f"{room.__name__}.{name}": getattr(room, name) for room in ROOMS for name in getattr(room, "__all__", ())}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_explained(name):
    text = PUBLIC[name].__doc__
    assert text and not text.startswith(f"{PUBLIC[name].__name__}(")  # what a dataclass says of itself


def test_what_optim_offers_is_public_in_its_room():
    offered = importlib.import_module("optim").__all__
    assert set(offered) <= {name.split(".")[-1] for name in PUBLIC}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_has_its_equation_its_arguments_what_torch_calls_it_its_source_and_an_example(rule):
    for part in (".. math::", "Parameters\n", "PyTorch's `lr`", "Remembers", "Equals `torch.optim", "Source:", ">>> "):
        assert part in inspect.getdoc(rule)
    for field in rule.__dataclass_fields__:
        assert field in inspect.getdoc(rule).split("Notes\n")[0]


@pytest.mark.parametrize("rule", SUCCESSORS, ids=lambda rule: rule.__name__)
def test_every_rule_after_adam_has_them_too(rule):
    for part in (".. math::", "Parameters\n", "Remembers", "Equals `", "Source:", ">>> "):
        assert part in inspect.getdoc(rule)
    for field in rule.__dataclass_fields__:
        assert field in inspect.getdoc(rule).split("Notes\n")[0]


@pytest.mark.parametrize("name", ["Loss", "full_batch", "minimize", "online", "plots.picture", "explore.explore"])
def test_what_a_reader_will_call_first_has_an_example(name):
    room, _, name = f"optim.{name}".rpartition(".")
    assert ">>> " in inspect.getdoc(getattr(importlib.import_module(room), name))
