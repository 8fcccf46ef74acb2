"""The notation page names every letter that the chapters' formulas use, and gives none two meanings in a chapter."""

import re
from collections import Counter

import nbformat
import pytest
from test_chapters import CHAPTERS, ROOT

from tools.notebooks import CHAPTER_FILES

PAGE = (ROOT / "chapters" / "notation.md").read_text("utf-8")
NAMES = [chapter.removeprefix("chapters/") for chapter in CHAPTERS]

FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$`])\$(?!\$)(.+?)(?<!\\)\$", re.DOTALL)
WORDS = re.compile(r"\\(?:text|operatorname|mathrm|begin|end)\*?\{[^}]*\}(?:\{[lcr]+\})?|\\\\\[\d\w]+\]|\\[,;:!|]")
CODE = re.compile(r"^```python.*?^```|(?<!`)`[^`\n]+`(?!`)", re.DOTALL | re.MULTILINE)
LETTER = re.compile(r"\\mathbb ?(?P<board>[A-Z])|\\(?P<command>[A-Za-z]+)|(?P<latin>[A-Za-z])")
GREEK = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu", "xi", "rho"}
GREEK |= {"sigma", "tau", "phi", "varphi", "psi", "Lambda", "omega", "ell", "Phi", "Sigma", "Delta", "chi", "nu"}
ROW = re.compile(r"^\| (?P<where>[\d, ]+) \| (?P<symbol>\$[^|]*) \|[^|]*\|$", re.MULTILINE)
EVERYWHERE = re.compile(r"^\| (?P<symbol>\$[^|]*) \|[^|]*\|[^|]*\|$", re.MULTILINE)


def letters(text):
    """Return the letters of the formulas in a text, without indices in words, hats and bars."""
    found = set()
    for formula in FORMULA.findall(text):
        for match in LETTER.finditer(WORDS.sub(" ", "".join(formula))):
            board, command, latin = match.groups()
            if board or latin or command in GREEK:
                found.add(board or latin or command)
    return found


def of_chapter(name):
    """Return the letters of a chapter's formulas."""
    cells = nbformat.read(CHAPTER_FILES[name], as_version=4).cells
    return letters("\n\n".join(CODE.sub("", cell.source) for cell in cells if cell.cell_type == "markdown"))


def shared():
    """Return the letters that mean the same in every chapter."""
    return [letter for row in EVERYWHERE.finditer(PAGE) for letter in sorted(letters(row["symbol"]))]


def own(number):
    """Return the letters that the page explains for one chapter alone."""
    rows = [row for row in ROW.finditer(PAGE) if str(number) in re.findall(r"\d", row["where"])]
    return [letter for row in rows for letter in sorted(letters(row["symbol"]))]


@pytest.mark.parametrize("number, name", list(enumerate(NAMES, start=1)))
def test_every_letter_of_a_chapter_is_on_the_page(number, name):
    assert sorted(of_chapter(name) - set(shared()) - set(own(number))) == []


@pytest.mark.parametrize("number, name", list(enumerate(NAMES, start=1)))
def test_no_letter_of_a_chapter_is_explained_twice_or_in_vain(number, name):
    assert [letter for letter, count in Counter(own(number)).items() if count > 1] == []
    assert set(own(number)) & set(shared()) == set()
    assert set(own(number)) <= of_chapter(name)
