"""The site's own extensions (book/)."""

import os
import subprocess

import pytest

from book.formulas import typeset
from book.launch import repository, site_address
from book.styles import purge


@pytest.mark.parametrize("tex, error", [(r"\ets", "Undefined control sequence"), ("x^", "Missing"), ("{", "brace")])
def test_wrong_formula(tex, error):
    with pytest.raises(ValueError, match=error):
        typeset(tex)


def test_formula():
    html = typeset(r"\eta < \theta", display=True)
    assert '<annotation encoding="application/x-tex">\\eta &lt; \\theta</annotation>' in html
    assert "<mi>η</mi><mo>&lt;</mo><mi>θ</mi>" in html
    assert '<mjx-math aria-hidden="true"' in html and ' display="true"' in html


HUB = "https://github.com/someone/a.book"


def clone(tmp_path, remote, branch="main"):
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "init", "-q", "-b", branch, tmp_path], check=True, env=env)
    if remote:
        subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", remote], check=True, env=env)
    return tmp_path


@pytest.mark.parametrize(
    "remote, url",
    [
        ("https://github.com/someone/a.book", HUB),
        ("https://github.com/someone/a.book.git", HUB),
        ("https://github.com/someone/a.book/", HUB),
        ("https://user:s3cret@github.com/someone/a.book.git", HUB),
        ("https://token@GitHub.com/someone/a.book", HUB),
        ("git@github.com:someone/a.book.git", HUB),
        ("ssh://git@github.com:22/someone/a.book.git", HUB),
        ("ssh://git@github.com/someone/a.book", HUB),
        ("git@github.com:12345/book", "https://github.com/12345/book"),
        ("git@gitlab.com:group/book.git", "https://gitlab.com/group/book"),
        ("/srv/git/book.git", ""),
        ("file:///srv/git/book", ""),
        ("https://git.example.org/someone/book.git", ""),
        ("https://github.com.evil.org/a/b", ""),
        ("https://evil.org/github.com/a/b", ""),
        ("", ""),
        ("https://gitlab.com/group/sub/book", ""),
    ],
)
def test_remote(tmp_path, remote, url):
    assert repository(clone(tmp_path, remote), {}) == ((url, "main") if url else ("", ""))


def test_branch(tmp_path):
    assert repository(clone(tmp_path, HUB, "feature/x"), {})[1] == "feature/x"


def test_not_a_repository(tmp_path):
    assert repository(tmp_path, {}) == ("", "")


def test_foreign_repository_around(tmp_path):
    clone(tmp_path, HUB)
    inner = tmp_path / "book"
    inner.mkdir()
    assert repository(inner, {}) == ("", "")


def test_workflow(tmp_path):
    assert repository(
        clone(tmp_path, "git@github.com:upstream/book"),
        {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "fork/book", "GITHUB_REF_NAME": "main"},
    ) == ("https://github.com/fork/book", "main")


def test_enterprise(tmp_path):
    assert repository(
        tmp_path, {"GITHUB_SERVER_URL": "https://github.corp.example", "GITHUB_REPOSITORY": "fork/book"}
    ) == ("", "")


def test_no_git(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert repository(tmp_path, {}) == ("", "")


@pytest.mark.parametrize(
    "remote, address",
    [
        ("https://github.com/Someone/a.book", "https://someone.github.io/a.book/"),
        ("https://github.com/someone/someone.github.io", "https://someone.github.io/"),
        ("https://gitlab.com/group/book", "https://group.gitlab.io/book/"),
        ("", ""),
    ],
)
def test_site_address(tmp_path, remote, address):
    assert site_address(clone(tmp_path, remote), {}) == address


def test_purge():
    sheet = ".used > p:not(.any), .unused { color: red } @media print { .unused { top: 0 } } a { top: 0 }"
    assert purge(sheet, {"used"}) == ".used > p:not(.any){ color: red }a{ top: 0 }"
