"""Where the book is published, for whoever publishes it: the Binder and repository buttons, and the pages' addresses.

No address stands in a file: a fork that publishes the book has buttons that lead to the fork. The address comes from
GitHub's environment where its workflow builds the book, else from the clone's remote `origin`. Where neither names a
repository that the public can reach, there are no buttons.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from urllib.parse import quote

# The hosts that mybinder.org and the theme both know, in each form of address that git takes.
# User, password and port are matched, so as to be left out.
REPOSITORY = re.compile(
    r"(?:\w+://)?(?:[^@/]*@)?(?P<host>github\.com|gitlab\.com)(?::\d+)?[:/]"
    r"(?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?",
    re.IGNORECASE,
)


def repository(book, environ):
    """Find the public address of the repository and the branch that is being built.

    Parameters
    ----------
    book : Path
        The folder of the book.
    environ : mapping
        The environment variables.

    Returns
    -------
    url, branch : str
        Both empty where no public address is known.
    """
    if environ.get("GITHUB_REPOSITORY"):
        remote = f"{environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{environ['GITHUB_REPOSITORY']}"
        branch = environ.get("GITHUB_REF_NAME")
    else:
        remote = _git(book, "config", "remote.origin.url")
        branch = _git(book, "symbolic-ref", "--short", "HEAD")
    found = REPOSITORY.fullmatch(remote)
    if not found:
        return "", ""
    return f"https://{found['host'].lower()}/{found['name']}", branch or "HEAD"


def site_address(book, environ=os.environ):
    """Return where the pages of the repository are published by default, with a slash at the end.

    Parameters
    ----------
    book : Path
        The folder of the book.
    environ : mapping
        The environment variables.

    Returns
    -------
    str
        Empty where no public address is known.
    """
    url, _ = repository(book, environ)
    if not url:
        return ""
    host, owner, name = url.removeprefix("https://").split("/", 2)
    pages = f"{owner.lower()}.{host.removesuffix('.com')}.io"
    return f"https://{pages}/" if name.lower() == pages else f"https://{pages}/{name}/"


def _git(book, *arguments):
    """Ask git about the book's own repository, never about one that the book happens to lie in."""
    try:
        answer = subprocess.run(
            ["git", "-C", book, *arguments],
            env={**os.environ, "GIT_CEILING_DIRECTORIES": str(Path(book).resolve().parent)},
            capture_output=True,
            text=True,
        )
    except OSError:  # no git here
        return ""
    return answer.stdout.strip()


def add_buttons(app, config):
    """Tell the theme where the repository is."""
    url, branch = repository(app.srcdir, os.environ)
    if url:
        config.html_theme_options |= {
            "repository_url": url,
            "repository_branch": quote(branch, safe=""),  # Binder reads an unquoted / as the end of the name
            "use_repository_button": True,
            "launch_buttons": {"binderhub_url": "https://mybinder.org", "notebook_interface": "jupyterlab"},
        }
        config.html_baseurl = config.html_baseurl or site_address(app.srcdir)


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", add_buttons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
