"""The chapters keep their rhythm, and nothing they derive goes unchecked."""

import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).parents[1]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
NOTES, BEYOND = ([entry["file"] for entry in part["chapters"]] for part in TOC["parts"][:2])
CHAPTERS = NOTES + BEYOND  # all with a number

RHYTHM = [
    "What you will learn",
    "The question",
    "The idea",
    "From the notes",
    "Derivation",
    "From scratch",
    "What can go wrong",
    "In PyTorch",
    "Summary",
    "Exercises",
]
# Beyond the notes nothing is translated, and each chapter finds its own way from its question to its summary.
FRAME = ["What you will learn", "The question", "Summary", "Exercises"]
ERRATUM = re.compile(r"^:::+\{admonition\} Erratum.*?^:::+$", re.MULTILINE | re.DOTALL)
RESULT = re.compile(r"\{admonition\} Result (\d+\.\d+)")
CHECK = re.compile(r"# Check of result (\d+\.\d+)")


def cells(chapter):
    return nbformat.read(ROOT / f"{chapter}.ipynb", as_version=4).cells


@pytest.mark.parametrize("number, chapter", list(enumerate(CHAPTERS, start=1)))
def test_every_numbered_result_is_followed_by_its_check(number, chapter):
    unchecked, results = [], []
    for cell in cells(chapter):
        if cell.cell_type == "markdown":
            results += RESULT.findall(cell.source)
            unchecked += RESULT.findall(cell.source)
        elif check := CHECK.match(cell.source):
            unchecked.remove(check[1])
            assert "assert" in cell.source, f"the check of result {check[1]} asserts nothing"
    assert unchecked == []
    assert results == [f"{number}.{k}" for k in range(1, len(results) + 1)]


def text(chapter):
    """Return what a chapter says between its code."""
    return "\n".join(cell.source for cell in cells(chapter) if cell.cell_type == "markdown")


def headings(chapter, level):
    """Return the headings of a level, in their order."""
    return re.findall(rf"^{'#' * level} (.*)", text(chapter), re.MULTILINE)


def parts(chapter):
    """Return the sources of the cells of each part, prose and code in their order, by the part's name."""
    name, found = "title", {}
    known = RHYTHM if chapter in NOTES else FRAME
    for cell in cells(chapter):
        prose = cell.cell_type == "markdown"
        for source in re.split(r"^(?=## )", cell.source, flags=re.MULTILINE) if prose else [cell.source]:
            if prose and source.startswith("## "):
                name = next((part for part in known if source.startswith(f"## {part}")), "Middle")
            found.setdefault(name, []).append(source)
    return found


@pytest.mark.parametrize("chapter", NOTES)
def test_a_chapter_on_the_notes_has_every_part_in_order(chapter):
    titles = headings(chapter, 2)
    assert len(titles) == len(RHYTHM)
    assert all(title.startswith(part) for title, part in zip(titles, RHYTHM, strict=True)), titles


@pytest.mark.parametrize("chapter", BEYOND)
def test_a_chapter_beyond_the_notes_begins_and_ends_like_the_others(chapter):
    titles = headings(chapter, 2)
    ends = titles[:2] + titles[-2:]
    assert all(title.startswith(part) for title, part in zip(ends, FRAME, strict=True)), titles
    assert not any("{admonition} Erratum" in source for source in parts(chapter)["Middle"])


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_summary_ends_with_advice(chapter):
    assert "### On your own problem" in "".join(parts(chapter)["Summary"])


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_two_headings_of_a_chapter_are_the_same(chapter):
    titles = [title for level in (2, 3) for title in headings(chapter, level)]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_says_first_what_it_gives_what_it_needs_and_how_long_it_takes(chapter):
    opening = "".join(parts(chapter)["What you will learn"])
    for words in ("**You will learn**", "**You need**", "**It takes**"):
        assert words in opening


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_reader_meets_a_question_and_something_to_move_before_all_else(chapter):
    assert re.search(r"^(explore|laboratory)\($", "\n".join(parts(chapter)["The question"]), re.MULTILINE)


@pytest.mark.parametrize("chapter", NOTES)
def test_the_notes_errata_are_folded_named_and_lead_to_their_lines(chapter):
    found = parts(chapter)["From the notes"]
    errata = ERRATUM.findall("\n".join(found))
    assert errata and len(errata) == text(chapter).count("{admonition} Erratum")
    for erratum in errata:
        assert re.search(r"^:class: .*dropdown", erratum, re.MULTILINE), erratum
        assert re.search(r"^:name: erratum-", erratum, re.MULTILINE), erratum
        assert re.search(r"\(#line-\d+\)", erratum), erratum


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_explorable_is_followed_by_what_there_is_to_see(chapter):
    explored = [("explore(" in cell.source, "What there is to see" in cell.source) for cell in cells(chapter)]
    assert sum(shows for shows, _ in explored) >= 2
    for (shows, _), (_, says) in pairwise(explored):
        assert not shows or says


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_exercise_has_its_solution(chapter):
    exercises = re.findall(r"\{exercise-start\}.*\n:label: (\S+)", text(chapter))
    assert exercises
    assert exercises == re.findall(r"\{solution-start\} (\S+)", text(chapter))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_label_of_an_equation_is_never_read(chapter):
    everything = "\n".join(cell.source for cell in cells(chapter))
    labels = re.findall(r"\$\$ \(([\w-]+)\)$", everything, re.MULTILINE)
    assert labels
    for label in labels:
        assert everything.count(f"({label})") == 1, label
