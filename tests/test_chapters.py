"""The chapters keep their rhythm, and nothing they derive goes unchecked."""

import re
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).parents[1]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
CHAPTERS = [entry["file"] for entry in TOC["parts"][0]["chapters"]]

RHYTHM = [
    "From the notes",
    "Why",
    "Derivation",
    "From scratch",
    "Explore",
    "What can go wrong",
    "In PyTorch",
    "Summary",
    "Exercises",
    "References",
]
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


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_every_part_in_order(chapter):
    text = "\n".join(cell.source for cell in cells(chapter) if cell.cell_type == "markdown")
    headings = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    parts = [part for heading in headings for part in RHYTHM if heading.startswith(part)]
    assert parts == RHYTHM
    for word in ("You will learn", "You need", "It takes", "Erratum"):
        assert word in text


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_two_explorables_and_says_what_there_is_to_see(chapter):
    explorables = [cell for cell in cells(chapter) if "\nexplore(" in cell.get("source", "")]
    answers = [cell for cell in cells(chapter) if "What there is to see" in cell.source]
    assert len(explorables) >= 2
    assert sum(cell.source.count("What there is to see") for cell in answers) >= len(explorables)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_exercise_has_its_solution(chapter):
    text = "\n".join(cell.source for cell in cells(chapter) if cell.cell_type == "markdown")
    exercises = re.findall(r"\{exercise-start\}.*\n:label: (\S+)", text)
    assert exercises
    assert exercises == re.findall(r"\{solution-start\} (\S+)", text)
