"""What a site was built from: a site remembers its sources, so that a test can tell whether it is still theirs."""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MEMORY = ".sources"  # in the folder of the site


def digest():
    """Return one number, in hexadecimal, for the contents of all files that the site is made from."""
    files = [ROOT / "_config.yml", ROOT / "_toc.yml"]
    for folder in ("book", "optim", "chapters"):
        files += [path for path in (ROOT / folder).rglob("*") if path.is_file() and _is_source(path)]
    whole = sha256()
    for path in sorted(files):
        whole.update(f"{path.relative_to(ROOT).as_posix()} {sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def _is_source(path):
    """Tell a source from what programs leave beside it."""
    return path.suffix != ".pyc" and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)


def number(app):
    """Give all pages a number that changes with the sources: part of the address of what changes with them."""
    app.config.html_context["edition"] = digest()[:8]


def forget_modules(app):
    """Have the pages of the modules written anew: viewcode keeps one as long as its module has not changed."""
    shutil.rmtree(Path(app.outdir, "_modules"), ignore_errors=True)
    return []  # no pages of our own


def remember(app, exception):
    """Write into the site what it was built from."""
    if not exception and app.builder.format == "html":
        Path(app.outdir, MEMORY).write_text(digest(), "utf-8")


def setup(app):
    """Register with Sphinx."""
    app.connect("builder-inited", number)
    app.connect("html-collect-pages", forget_modules, priority=100)
    app.connect("build-finished", remember)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
