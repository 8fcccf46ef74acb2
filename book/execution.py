"""The chapters are run before the first of them is read, as many at once as there are processors.

MyST-NB runs one notebook after the other. It also takes outputs from a cache, and a cache is what is filled here. It is
emptied first: a notebook is found in it by its code alone, and what has changed may be `optim`.
"""

from __future__ import annotations

from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor
from sphinx.util import logging

LOGGER = logging.getLogger(__name__).logger  # jupyter-cache asks for its level
LOGGER.setLevel("INFO")  # at which it tells which notebook is run


def run(app, env, docnames):
    """Run the notebooks among the pages that will be read, and keep their outputs where MyST-NB looks for them.

    One that fails is not kept: MyST-NB runs it again, and says what failed.
    """
    settings = env.mystnb_config
    cache = get_cache(settings.execution_cache_path)
    cache.clear_cache()
    for path in map(Path, map(env.doc2path, docnames)):
        skipped = any(path.match(pattern) for pattern in settings.execution_excludepatterns)
        if path.suffix == ".ipynb" and not skipped:
            cache.add_nb_to_project(str(path))
    load_executor("local-parallel", cache, LOGGER).run_and_cache(timeout=settings.execution_timeout)


def setup(app):
    """Register with Sphinx."""
    app.connect("env-before-read-docs", run)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
