"""The problem sets: their solutions, their usual mistakes, and that nothing secret leaves a master."""

import functools
import inspect
import itertools
import re
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from assignments import grade, master, release
from assignments.course import Course
from assignments.sandbox import InProcess
from book.problem_sets import FOLDER, READERS, handout
from tools.notebooks import answered

pytestmark = pytest.mark.course

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


@functools.cache
def prepared(name, secret):
    """Prepare an assignment for the course with this secret, once."""
    return release.prepare(name, Course((secret,))).assignment


def question_names(name):
    """Return the names of the questions that tests mark, as the master has them: without making any variant."""
    texts = [cell.text for cell in master.read(name) if cell.kind == "raw" and "# BEGIN QUESTION" in cell.text]
    return [re.search(r"^name: (\w+)$", text, re.MULTILINE)[1] for text in texts if "manual: true" not in text]


def versions(name, question):
    """Return the different versions of a question, each with the first assignment that has it."""
    found = {}
    for product in products(name):
        one = next(one for one in product.assignment.tested if one.name == question)
        found.setdefault((one.solution, one.tests), (one, product.assignment))
    return list(found.values())


every_question = pytest.mark.parametrize(
    "name, question", [(name, question) for name in master.NAMES for question in question_names(name)]
)


def marked(question, assignment, code=None, **options):
    """Grade the reference solution of a question, or other code, with nothing else in the notebook."""
    cells = ["import numpy as np", code or question.solution]
    return grade.grade_question(question, assignment, lambda: InProcess(cells), **options)


# Marks


@every_question
def test_the_solution_alone_gets_every_point(name, question):
    for version, assignment in versions(name, question):
        mark = marked(version, assignment)
        assert (mark.points, mark.misconception) == (mark.max_points, "")
        assert [outcome for outcome in mark.outcomes if not outcome.passed] == []


@every_question
def test_every_misconception_fails_and_is_told_its_own_sentence_early_only_where_public_calls_show_it(name, question):
    for version, assignment in versions(name, question):
        assert len(version.misconceptions) >= 3
        for mistake in version.misconceptions:
            mark = marked(version, assignment, mistake.code)
            assert mark.points < mark.max_points, mistake.name
            assert (mark.misconception, mark.feedback) == (mistake.name, mistake.feedback)
            early = marked(version, assignment, mistake.code, with_hidden=False)
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
def test_an_honest_answer_in_another_style_gets_every_point(name, question, style):
    for version, assignment in versions(name, question):
        mark = marked(version, assignment, restyled(version, STYLES[style]))
        assert mark.points == mark.max_points, mark.outcomes


# What makes courses differ


@every_assignment
def test_the_same_secret_makes_the_same_assignment(name):
    once, again = (release.prepare(name, Course(("a secret",))) for _ in range(2))
    assert release.notebook_text(once) == release.notebook_text(again)
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
    lost, most = sum(mark.max_points - mark.points for mark in marks), sum(mark.max_points for mark in marks)
    assert re.search(rf"\b{lost:g} of (the )?{most:g}\b", (ROOT / "chapters" / "teaching.md").read_text("utf-8"))


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
        yield from (inspect.getdoc(test.function) for test in question.tests if test.hidden)
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
    text = "\n".join("".join(cell["source"]) for cell in variant.notebook["cells"])
    told = list(secrets(variant.assignment))
    assert len(told) > 20
    assert [secret for secret in told if secret.replace(f"    # {master.CANARY}\n", "") in text] == []


def with_text(cells, number, text):
    """Return the cells of a master with another text in one of them."""
    return [replace(cell, text=text) if place == number else cell for place, cell in enumerate(cells)]


@every_assignment
def test_every_secret_cell_carries_the_canary(name):
    cells = master.read(name)
    for number, cell in enumerate(cells):
        if master.CANARY in cell.text:
            changed = with_text(cells, number, cell.text.replace(master.CANARY, ""))
            with pytest.raises(master.BadMaster, match="does not carry"):
                master.make(name, every(name)[0], lambda _: 0, changed)


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
    cells = master.read(name)
    places = [place for place, cell in enumerate(cells) if re.search(rf"^ *{marker}$", cell.text, re.MULTILINE)]
    assert places
    for place in places:
        changed = with_text(cells, place, cells[place].text.replace(marker, MARKERS[marker], 1))
        with pytest.raises(master.BadMaster):
            release.prepare(name, Course(("typo",)), changed)


@every_assignment
def test_a_broken_solution_stops_the_release(name):
    cells = master.read(name)
    for place, cell in enumerate(cells):
        if master.BEGIN_SOLUTION in cell.text:
            wrong = cell.text.replace(master.BEGIN_SOLUTION, f"{master.BEGIN_SOLUTION}\n    return 1")
            with pytest.raises(master.BadMaster, match="the solution fails"):
                release.prepare(name, Course(("broken",)), with_text(cells, place, wrong))


def test_a_test_that_fails_by_itself_stops_the_release():
    cells = [
        replace(cell, text=cell.text.replace("    for d in (1, 3, 20):", "    for d in sizes:"))
        for cell in master.read("ps1")
    ]
    with pytest.raises(master.BadMaster, match=r"q2: .*name 'sizes' is not defined"):
        release.prepare("ps1", Course(("broken",)), cells)


def test_a_mistake_that_gets_every_point_stops_the_release():
    wrong, right = "put: 'theta = theta + eta * grad'", "put: 'theta = theta - grad * eta'"
    cells = [replace(cell, text=cell.text.replace(wrong, right)) for cell in master.read("ps1")]
    with pytest.raises(master.BadMaster, match="q3: one of the usual mistakes gets every point"):
        release.prepare("ps1", Course(("harmless",)), cells)


@every_assignment
def test_no_secret_draws_data_on_which_a_usual_mistake_gets_every_point(name):
    for secret in "01234":
        assignment = prepared(name, secret)
        for question in assignment.tested:
            for mistake in question.misconceptions:
                mark = marked(question, assignment, mistake.code)
                assert mark.points < mark.max_points, (secret, question.name, mistake.name)


def test_a_public_test_with_points_stops_the_release():
    cells = [replace(cell, text=cell.text.replace("points: [0, 3", "points: [1, 2")) for cell in master.read("ps1")]
    with pytest.raises(master.BadMaster, match="a public test gives points"):
        release.prepare("ps1", Course(("public",)), cells)


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


def errors_in(path):
    """Run a notebook in its folder, past every error, and return what these are called."""
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, allow_errors=True, resources={"metadata": {"path": str(path.parent)}}).execute()
    cells = [cell for cell in book.cells if cell.cell_type == "code" and cell.source]
    assert all(cell.execution_count for cell in cells)
    return {output.ename for cell in cells for output in cell.outputs if output.output_type == "error"}


@every_assignment
def test_the_release_runs_unsolved_but_for_what_is_not_implemented(name, tmp_path):
    release.write(release.prepare(name, READERS), tmp_path)
    assert errors_in(tmp_path / f"{name}.ipynb") == {"NotImplementedError"}


@every_assignment
def test_the_release_runs_solved(name, tmp_path):
    product = release.prepare(name, READERS)
    (tmp_path / f"{name}.ipynb").write_text(
        answered(product, {question.name: question.solution for question in product.assignment.tested}), "utf-8"
    )
    assert errors_in(tmp_path / f"{name}.ipynb") == set()


# Wrong answers that once had every point

OWN = """
def own_start(theta):
    return [np.zeros_like(theta)]

def own_step(theta, state, grad, t, eta):
    {first}
    velocity = 0.9 * np.where(state[0] * grad > 0, 0, state[0]) - eta * grad
    return theta + velocity, [velocity]
"""
WRONG = {
    "texts": (
        "ps1",
        "q3",
        "def sgd_step(theta, grad, eta):\n    return np.array(theta - eta * grad).astype(str).tolist()",
    ),
    "floating-point batches": (
        "ps1",
        "q4",
        "{solution}\nmade = mini_batches\ndef mini_batches(*given):\n"
        "    return [batch * 1.0 for batch in made(*given)]",
    ),
    "an array of one edge": (
        "ps1",
        "q6",
        "{solution}\nedge = stability_edge\ndef stability_edge(X):\n    return np.array([edge(X)])",
    ),
    "v uncorrected late": (
        "ps3",
        "q3",
        "{solution}\nstep = adam_step\ndef adam_step(theta, m, v, grad, t, eta, beta1, beta2, eps):\n"
        "    if t <= 60:\n        return step(theta, m, v, grad, t, eta, beta1, beta2, eps)\n"
        "    return step(theta, m, v, grad, 10**6, eta, beta1, beta2, eps)",
    ),
    "no more than seven parameters": ("ps3", "q5", OWN.format(first="assert len(theta) <= 7")),
    "nothing for a harder loss": (
        "ps3",
        "q5",
        OWN.format(first="if t > 1 and np.abs(grad).max() < 0.5: return np.zeros(0), state"),
    ),
    "a rate that flickers": (
        "ps3",
        "q5",
        "def own_start(theta):\n    return []\n\n"
        "def own_step(theta, state, grad, t, eta):\n    return theta - eta * (1 + 0.3 * (-1) ** t) * grad, []",
    ),
    "hardly anything but SGD": (
        "ps3",
        "q5",
        "def own_start(theta):\n    return []\n\n"
        "def own_step(theta, state, grad, t, eta):\n    return theta - eta * (1 + 1e-4 * np.tanh(grad)) * grad, []",
    ),
    "memory in a global, forgotten at the first step": (
        "ps3",
        "q5",
        "kept = {{}}\ndef own_start(theta):\n    return []\n\n"
        "def own_step(theta, state, grad, t, eta):\n"
        "    velocity = -eta * grad if t == 1 else 0.9 * kept['velocity'] - eta * grad\n"
        "    kept['velocity'] = velocity\n    return theta + velocity, []",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_answer_loses_points_whatever_the_secret(wrong):
    name, question, code = WRONG[wrong]
    for secret in "01":
        assignment = prepared(name, secret)
        one = next(one for one in assignment.tested if one.name == question)
        mark = marked(one, assignment, code.replace("{solution}", one.solution).replace("{{}}", "{}"))
        assert mark.points < mark.max_points, secret


HONEST = {
    "Adam": "m, v = 0.9 * state[0] + 0.1 * grad, 0.99 * state[1] + 0.01 * grad**2\n"
    "    return theta - eta * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.99**t)) + 1e-8), [m, v]",
    "the sign": "return theta - eta * 0.97**t * np.sign(grad), state",
    "a shorter step": "return theta - eta * 3 * grad / (1 + np.linalg.norm(grad)), state",
    "weight decay": "return theta - eta * (grad + 1e-4 * theta), state",
}


@pytest.mark.parametrize("method", HONEST)
def test_an_honest_method_of_ones_own_gets_every_point(method):
    start = "def own_start(theta):\n    return [np.zeros_like(theta), np.zeros_like(theta)]\n\n"
    for secret in "01":
        assignment = prepared("ps3", secret)
        one = next(one for one in assignment.tested if one.name == "q5")
        code = f"{start}def own_step(theta, state, grad, t, eta):\n    {HONEST[method]}"
        mark = marked(one, assignment, code)
        assert mark.points == mark.max_points, mark.outcomes
