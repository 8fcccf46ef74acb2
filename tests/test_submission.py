"""Reading what is handed in: whatever the bytes are, a notebook comes out or a reason why not."""

import json
import random

import pytest

from assignments import submission
from assignments.submission import Cell, Unreadable, parse

CELLS = [
    {"cell_type": "markdown", "source": ["# Größe\n", "text"]},
    {"cell_type": "code", "source": ["η = 1\n", "x = 2"], "outputs": []},
]
BOOK = {"cells": CELLS, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
READ = (Cell("markdown", "# Größe\ntext"), Cell("code", "η = 1\nx = 2"))


def written(book=None, encoding="utf-8"):
    return json.dumps(book or BOOK, ensure_ascii=False).encode(encoding)


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_unicode_encoding_is_read(encoding):
    assert parse(written(encoding=encoding)).cells == READ


def test_the_letters_of_an_old_windows_are_read():
    data = written({"cells": CELLS[:1]}, "cp1252")
    assert parse(data).cells == READ[:1]


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_line_ends_of_other_systems_become_one(ends):
    cells = [{**cell, "source": "".join(cell["source"]).replace("\n", ends)} for cell in CELLS]
    assert parse(written({"cells": cells})).cells == READ


def test_lines_without_ends_are_joined_as_lines():
    cells = [{**cell, "source": [line.strip("\n") for line in cell["source"]]} for cell in CELLS]
    assert parse(written({"cells": cells})).cells == READ


def test_line_breaks_written_as_they_are_are_read():
    assert parse(b'{"cells": [{"cell_type": "code", "source": "x = 1\ny = 2"}]}').code == ["x = 1\ny = 2"]


def test_worksheets_of_the_formats_before_4_are_read():
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Question 1"]},
        {"cell_type": "code", "language": "python", "input": ["x = 1\n", "x"], "prompt_number": 3},
    ]
    book = {"metadata": {"name": ""}, "nbformat": 3, "worksheets": [{"cells": cells[:1]}, {"cells": cells[1:]}]}
    assert parse(written(book)).cells == (Cell("markdown", "## Question 1"), Cell("code", "x = 1\nx"))


@pytest.mark.parametrize("level", [None, 0, 2.0, True, 10**9, [], "2"])
def test_a_heading_of_no_level_is_a_heading(level):
    book = {"worksheets": [{"cells": [{"cell_type": "heading", "level": level, "source": "A"}]}]}
    assert parse(written(book)).cells == (Cell("markdown", "# A"),)


def test_no_bytes_make_it_fail():
    rng = random.Random(0)
    for number in range(3000):
        data = bytearray(written(encoding=ENCODINGS[number % len(ENCODINGS)]))
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        for damaged in (bytes(data), bytes(data[: rng.randrange(len(data))]), rng.randbytes(20)):
            try:
                parse(damaged)
            except Unreadable as error:
                assert str(error)


@pytest.mark.parametrize(
    "data, reason",
    [
        (b" \r\n\0", "the file is empty"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html>", "it is a web page"),
        (b"[" * 500_000, "damaged or was cut off"),
        (b'{"cells": ' + b"[" * 500_000, "damaged or was cut off"),
        (b'{"cells": [' + b"{}," * 600_000 + b"{}]}", "more than a million parts"),
        (
            b'{"cells": [{"cell_type": "code", "source": "' + b"a" * 1_000_001 + b'"}]}',
            "more than a million characters",
        ),
        (b"1" * 5000, "damaged or was cut off"),
        (b" " * submission.LARGEST + b"{}", "larger than 20 MB"),
        (b"3", "no cells in it"),
        (b'{"cells": 3, "worksheets": [3, {"cells": {}}]}', "no cells in it"),
        (b'{"cells": [3, {"cell_type": "code", "source": 3}, {"cell_type": 3}]}', "nothing in its cells"),
        (b'{"cells": [], "metadata": {"kernelspec": {"language": ["R"]}}}', "not in Python"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:20]),
)
def test_what_is_no_notebook_is_refused_with_the_reason(data, reason):
    with pytest.raises(Unreadable, match=reason):
        parse(data)


@pytest.mark.parametrize("name", ["a\0b.ipynb", "a" * 300, "nowhere.ipynb"])
def test_a_file_that_cannot_be_opened_is_refused_with_the_reason(tmp_path, name):
    with pytest.raises(Unreadable, match="it cannot be opened"):
        submission.read(f"{tmp_path}/{name}")


def answer(text):
    cells = [{"cell_type": "markdown", "source": source} for source in ("# Question 7", text, "## Before you hand in")]
    return parse(written({"cells": cells})).written_answer("Question 7", [])


def test_pasted_pictures_do_not_reach_the_reports():
    assert answer(f"See ![it](data:image/png;base64,{'A' * 10**6}).") == "See ![it](picture)."


def test_a_written_answer_is_cut_off_where_nobody_reads_on():
    long = answer("&" * 10**6)
    assert long.startswith("&" * submission.LONGEST_WRITTEN)
    assert long[submission.LONGEST_WRITTEN :].strip() == "(Cut off here: the whole answer is in the notebook.)"
