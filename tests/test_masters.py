"""The problem sets: their solutions, their usual mistakes, and that nothing secret leaves a master."""

import copy
import functools
import inspect
import itertools
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from assignments import grade, master, release
from assignments.course import Course
from assignments.sandbox import InProcess
from book.problem_sets import FOLDER, READERS, handout

ROOT = Path(__file__).parents[1]


def every(name):
    """Return each combination of conventions that a course can draw for the assignment `name`."""
    options = master.variant_options(name)
    return [dict(zip(options, values, strict=True)) for values in itertools.product(*options.values())]


every_assignment = pytest.mark.parametrize("name", master.NAMES)


@functools.cache
def products(name):
    """Make every variant of an assignment, once."""
    return [master.make(name, chosen, Course(("tests",)).seed) for chosen in every(name)]


def questions():
    """Return each question that tests mark, in each of its variants: its name, and where to find it."""
    found = {}
    for name in master.NAMES:
        for variant, product in enumerate(products(name)):
            for place, question in enumerate(product.assignment.tested):
                found.setdefault((name, question.solution, question.tests), (name, variant, place))
    return list(found.values())


@pytest.fixture
def assignment(request):
    """Return the assignment that a question belongs to."""
    name, variant, _ = request.node.callspec.params["question"]
    return products(name)[variant].assignment


@pytest.fixture
def question(request, assignment):
    """Return a question."""
    return assignment.tested[request.param[2]]


every_question = pytest.mark.parametrize(
    "question", questions(), indirect=True, ids=lambda q: f"{q[0]}-{q[1]}-q{q[2] + 1}"
)


def marked(question, assignment, code=None, **options):
    """Grade the reference solution of a question, or other code, with nothing else in the notebook."""
    cells = ["import numpy as np", code or question.solution]
    return grade.grade_question(question, assignment, lambda: InProcess(cells), **options)


# Marks


@every_question
def test_the_solution_alone_gets_every_point(question, assignment):
    mark = marked(question, assignment)
    assert (mark.points, mark.misconception) == (mark.max_points, "")
    assert [outcome for outcome in mark.outcomes if not outcome.passed] == []


@every_question
def test_every_misconception_fails_and_is_told_its_own_sentence_early_only_where_public_calls_show_it(
    question, assignment
):
    assert len(question.misconceptions) >= 3
    for mistake in question.misconceptions:
        mark = marked(question, assignment, mistake.code)
        assert mark.points < mark.max_points, mistake.name
        assert (mark.misconception, mark.feedback) == (mistake.name, mistake.feedback)
        early = marked(question, assignment, mistake.code, with_hidden=False)
        assert mark.public == (early.misconception == mistake.name), mistake.name
        assert mark.public == any(not outcome.passed for outcome in early.outcomes), mistake.name


@every_assignment
def test_the_untouched_release_gets_nothing(name):
    for product in products(name):
        for mark in grade.grade_submission(release.untouched(product), product.assignment, InProcess):
            assert mark.points == 0
            assert {outcome.message for outcome in mark.outcomes} == {grade.NOT_WRITTEN}


STYLES = {
    "lists for arrays": "lambda x: x.tolist() if isinstance(x, np.ndarray) else x",
    "float32": "lambda x: x.astype(np.float32) if getattr(x, 'dtype', None) == np.float64 else x",
    "a subclass of arrays": "lambda x: x.view(np.recarray) if isinstance(x, np.ndarray) else x",
    "numbers of NumPy's": "lambda x: np.float64(x) if isinstance(x, float) else x",
}


def restyled(question, style):
    """Return the solution of a question with everything it returns in another style, tuples for lists among them."""
    code = [question.solution]
    for name in re.findall(r"^def (\w+)", question.solution, re.MULTILINE):
        code.append(f"""
def each_of(value):
    if isinstance(value, (list, tuple)):
        return tuple(each_of(one) for one in value)
    return ({style})(value)

solved_{name} = {name}
def {name}(*arguments, **keywords):
    return each_of(solved_{name}(*arguments, **keywords))
""")
    return "\n".join(code)


@pytest.mark.parametrize("style", STYLES)
@every_question
def test_an_honest_answer_in_another_style_gets_every_point(question, assignment, style):
    mark = marked(question, assignment, restyled(question, STYLES[style]))
    assert mark.points == mark.max_points, mark.outcomes


# What makes courses differ


@every_assignment
def test_the_same_secret_makes_the_same_assignment(name):
    once, again = (release.prepare(name, Course(("a secret",))) for _ in range(2))
    assert nbformat.writes(once.notebook) == nbformat.writes(again.notebook)
    assert once.assignment == again.assignment


@every_assignment
def test_another_secret_draws_other_hidden_data(name):
    seeds = [{q.seed for q in release.prepare(name, Course((secret,))).assignment.questions} for secret in "ab"]
    assert not seeds[0] & seeds[1]


@every_assignment
def test_secrets_draw_every_convention(name):
    drawn = {tuple(master.draw_variant(name, Course((str(secret),))).values()) for secret in range(100)}
    assert drawn == {tuple(chosen.values()) for chosen in every(name)}


@every_assignment
def test_last_years_solutions_fail_in_every_convention_and_are_told_why(name):
    now, before = (release.prepare(name, Course(secret)).assignment for secret in [("new", "old"), ("old",)])
    for key, value in now.variant.items():
        assert value != before.variant[key]
    marks = [marked(new, now, old.solution) for new, old in zip(now.tested, before.tested, strict=True)]
    failed = [mark for mark in marks if mark.points < mark.max_points]
    assert failed
    assert all(mark.feedback for mark in failed), [mark.question for mark in failed if not mark.feedback]


@every_assignment
def test_the_books_own_convention_is_a_mistake_in_every_variant(name):
    for product in products(name):
        mistakes = [mistake.name for question in product.assignment.tested for mistake in question.misconceptions]
        assert [mistake for mistake in mistakes if mistake.startswith("the book's")]


# What leaves a master


def secrets(assignment):
    """Return the bodies of the solutions and of the hidden tests, and what the misconceptions and rubrics say."""
    for question in assignment.questions:
        yield from re.findall(r"# BEGIN SOLUTION NO PROMPT\n(.*?)# END SOLUTION", question.solution, re.DOTALL)
        yield from (inspect.getdoc(case.body.test_func) for case in question.test_cases if case.hidden)
        yield from question.rubric
        yield from (mistake.feedback for mistake in question.misconceptions)


@pytest.mark.parametrize("name, variant", [(name, n) for name in master.NAMES for n in range(len(every(name)))])
def test_nothing_secret_is_in_a_release(name, variant, tmp_path):
    variant = products(name)[variant]
    release.write(variant, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == [
        "README.md",
        f"{variant.assignment.name}.ipynb",
    ]
    handed_out = "".join(path.read_text("utf-8") for path in (tmp_path / "out").iterdir())
    assert master.CANARY not in handed_out
    text = "\n".join(cell.source for cell in variant.notebook.cells)
    told = list(secrets(variant.assignment))
    assert len(told) > 20
    assert [secret for secret in told if secret.replace(f"    # {master.CANARY}\n", "") in text] == []


@every_assignment
def test_every_secret_cell_carries_the_canary(name):
    for number, cell in enumerate(master.read(name).cells):
        if master.CANARY in cell.source:
            book = master.read(name)
            book.cells[number].source = cell.source.replace(master.CANARY, "")
            with pytest.raises(master.BadMaster, match="does not carry"):
                master.make(name, every(name)[0], lambda _: 0, book)


MARKERS = {
    "# BEGIN SOLUTION NO PROMPT": "# BEGIN SOLUTOIN NO PROMPT",
    "# END SOLUTION": "# END SOLUTOIN",
    "# BEGIN SOLUTION": "# BEGIN SOLUTOIN",
    "# BEGIN TESTS": "# BEGIN TEST",
    "# END TESTS": "# END TEST",
    "# END QUESTION": "# END QUESTOIN",
    "# BEGIN QUESTION": "# BEGIN QUESTIN",
    "# MISCONCEPTIONS": "# MISCONCEPTION",
    "# RUBRIC": "# RUBRICS",
    "# HIDDEN": "# HIDEN",
}


@pytest.mark.parametrize("marker", MARKERS)
@every_assignment
def test_a_typo_in_any_marker_stops_the_release(name, marker):
    places = [number for number, cell in enumerate(master.read(name).cells) if marker in cell.source.splitlines()]
    places += [n for n, c in enumerate(master.read(name).cells) if re.search(rf"^ +{marker}$", c.source, re.MULTILINE)]
    assert places
    for place in places:
        book = master.read(name)
        book.cells[place].source = book.cells[place].source.replace(marker, MARKERS[marker], 1)
        with pytest.raises(master.BadMaster):
            release.prepare(name, Course(("typo",)), book)


@every_assignment
def test_a_broken_solution_stops_the_release(name):
    book = master.read(name)
    for cell in book.cells:
        if cell.cell_type == "code" and "# BEGIN SOLUTION NO PROMPT" in cell.source:
            broken = copy.deepcopy(book)
            place = book.cells.index(cell)
            broken.cells[place].source = cell.source.replace(
                "# BEGIN SOLUTION NO PROMPT", "# BEGIN SOLUTION NO PROMPT\n    return 1"
            )
            with pytest.raises(master.BadMaster, match="the solution fails"):
                release.prepare(name, Course(("broken",)), broken)


def test_a_mistake_that_gets_every_point_stops_the_release():
    book = master.read("ps1")
    for cell in book.cells:
        cell.source = cell.source.replace("put: 'theta = theta + eta * grad'", "put: 'theta = theta - grad * eta'")
    with pytest.raises(master.BadMaster, match="q3: one of the usual mistakes gets every point"):
        release.prepare("ps1", Course(("harmless",)), book)


@every_assignment
def test_no_secret_draws_data_on_which_a_usual_mistake_gets_every_point(name):
    for secret in range(5):
        assignment = release.prepare(name, Course((str(secret),))).assignment
        for question in assignment.tested:
            for mistake in question.misconceptions:
                mark = marked(question, assignment, mistake.code)
                assert mark.points < mark.max_points, (secret, question.name, mistake.name)


def test_a_public_test_with_points_stops_the_release():
    book = master.read("ps1")
    for cell in book.cells:
        cell.source = cell.source.replace("points: [0, 3", "points: [1, 2")
    with pytest.raises(master.BadMaster, match="a public test gives points"):
        release.prepare("ps1", Course(("public",)), book)


def test_a_release_is_not_put_among_other_files(tmp_path):
    product = products("ps1")[0]
    release.write(product, tmp_path)
    release.write(product, tmp_path)  # the same once more does no harm
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"notes\.txt is there already"):
        release.write(product, tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


# The book's pages and the site


@every_assignment
def test_the_books_copy_is_what_its_master_makes(name):
    stored = (FOLDER / f"{name}.ipynb").read_text("utf-8")
    assert stored == handout(name), "run `python book/problem_sets.py`"


def test_no_canary_on_the_site_or_in_its_sources():
    places = [ROOT / "chapters", ROOT / "_build" / "html"]
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if master.CANARY.encode() in path.read_bytes()] == []


def nbval(path):
    """Run nbval on a notebook, without comparing outputs, and return what it reports."""
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-rA", "-p", "no:cacheprovider"]
    run = subprocess.run([*command, path.name], cwd=path.parent, capture_output=True, text=True)
    return run.stdout


@every_assignment
def test_the_release_runs_unsolved_but_for_what_is_not_implemented(name, tmp_path):
    release.write(release.prepare(name, READERS), tmp_path)
    report = nbval(tmp_path / f"{name}.ipynb")
    errors = re.findall(r"^\x1b?\[?[0-9;m]*(\w+(?:Error|Exception))\b", report, re.MULTILINE)
    assert set(errors) == {"NotImplementedError"}, report


@every_assignment
def test_the_release_runs_solved(name, tmp_path):
    product = release.prepare(name, READERS)
    answers = {}
    for question in product.assignment.tested:
        for function in re.findall(r"^def (\w+)", question.solution, re.MULTILINE):
            answers[function] = question.solution
    for cell in product.notebook.cells:
        defined = re.match(r"def (\w+)", cell.source)
        if (
            cell.cell_type == "code"
            and defined
            and defined[1] in answers
            and "raise NotImplementedError" in cell.source
        ):
            cell.source = answers[defined[1]]
    release.write(product, tmp_path)
    report = nbval(tmp_path / f"{name}.ipynb")
    assert " failed" not in report and " passed" in report, report
