"""The page of the notes is whole: every line and every formula of the transcription has its row, as it was written."""

import hashlib
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "chapters" / "notes.md").read_text("utf-8")

# The lecture notes that the book was given: a machine's transcription of handwriting, byte for byte, mistakes included.
TRANSCRIPTION = (ROOT / "tests" / "fixtures" / "notes.zh-Hant.txt").read_text("utf-8")
SHA256 = "91eea5c20ddd70448b4a7b3fc075ff5933bfadc6a030dfcab0f3c7db5cd7c496"

LINES = {n: line.strip() for n, line in enumerate(TRANSCRIPTION.split("\n"), 1) if line.strip()}
INLINE, DISPLAYED = r"(?<!\$)\$[^$]+\$(?!\$)", r"\$\$[^$]+\$\$"

ROW = re.compile(
    r"""^\(line-(?P<anchor>\d+)\)=\n::::\{grid\}.*?\n
    :::\{grid-item\}\n \*\*Line\ (?P<number>\d+)\.\*\* \s+ (?P<chinese>.*?) \n:::\n
    :::\{grid-item\}\n (?P<english>.*?) \n:::\n ::::\n
    (?P<remarks>.*?) (?=^\(|^\#|\Z)""",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
ROWS = {int(row["number"]): row for row in ROW.finditer(PAGE)}


def bare(text):
    """Take off a line of the notes what only the page needs: its language, or that it is not a heading here."""
    return re.sub(r'^<span lang="zh-Hant">(.*)</span>$|^`(.*)`$', r"\1\2", text)


def formulas(text):
    """Return the formulas in running text, and how often each occurs."""
    return Counter(" ".join(formula.split()) for formula in re.findall(INLINE, text))


def marked(word):
    """Return the numbers of the rows that have a remark of this kind."""
    return [number for number, row in ROWS.items() if f"- **{word}.** " in row["remarks"]]


def test_the_transcription_is_the_one_that_was_given():
    assert hashlib.sha256(TRANSCRIPTION.encode()).hexdigest() == SHA256


def test_the_rows_are_the_lines_of_the_transcription_in_their_order():
    assert [(number, bare(row["chinese"])) for number, row in ROWS.items()] == list(LINES.items())


@pytest.mark.parametrize("formula", re.findall(f"{DISPLAYED}|{INLINE}", TRANSCRIPTION))
def test_every_formula_of_the_transcription_has_its_row(formula):
    numbers = [number for number, line in LINES.items() if formula in line]
    assert numbers and all(formula in ROWS[number]["chinese"] for number in numbers)


@pytest.mark.parametrize("number", LINES)
def test_a_row_is_translated_without_losing_a_formula_and_leads_into_the_book(number):
    row = ROWS[number]
    assert row["anchor"] == row["number"]
    assert re.search(r"[A-Za-z]", re.sub(INLINE, "", row["english"])) and not re.search(
        r"[\u4e00-\u9fff]", row["english"]
    )
    assert formulas(row["chinese"]) <= formulas(row["english"] + row["remarks"])
    assert row["remarks"].lstrip().startswith("- **Today.** ")
    assert re.search(r"\]\(\w+\.ipynb\)", row["remarks"])


@pytest.mark.parametrize("word", ["Doubtful", "Corrected"])
def test_the_list_at_the_top_names_the_lines_so_marked(word):
    listed = re.search(rf"^- \*\*{word}\*\* .*?lines(.*?)\.\n", PAGE, re.MULTILINE | re.DOTALL)[1]
    assert re.findall(r"\[(\d+)\]\(#line-\1\)", listed) == [str(number) for number in marked(word)]


def test_what_is_read_with_a_question_mark_is_explained():
    assert {number for number, row in ROWS.items() if "(?)" in row["english"]} <= set(marked("Doubtful"))


@pytest.mark.parametrize("result", sorted(set(re.findall(r"result\s+(\d\.\d)", PAGE))))
def test_a_result_that_a_row_names_is_in_the_book(result):
    chapters = "".join(path.read_text("utf-8") for path in (ROOT / "chapters").glob("*.ipynb"))
    assert f"Result {result}:" in chapters


GLOSSARY = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE.split("## Glossary")[1], re.MULTILINE)[2:]


def test_the_glossary_is_in_order_and_in_both_languages():
    english = [term.lower() for term, _, _ in GLOSSARY]
    assert english == sorted(set(english))
    assert all(re.fullmatch(r'<span lang="zh-Hant">[^<A-Za-z]+</span>', chinese) for _, chinese, _ in GLOSSARY)


def test_what_the_glossary_calls_a_word_of_the_notes_stands_in_them():
    words = [word for _, _, meaning in GLOSSARY for word in re.split(", ", meaning.partition("; notes: ")[2]) if word]
    assert len(words) > 20
    assert not [word for word in words if re.sub("<[^>]*>", "", word) not in TRANSCRIPTION]
