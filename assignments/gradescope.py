"""The archive for Gradescope: this grader, the assignment, and a set-up that installs the same Python and NumPy.

See https://gradescope-autograders.readthedocs.io/en/latest/specs/ for what an archive holds.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from assignments.master import Build

HERE = Path(__file__).parent

# What grades inside the container; the rest of the package stays at home.
MODULES = ["assignment", "compare", "container", "grade", "isolation", "recording", "sandbox", "submission"]
# Miniforge (https://github.com/conda-forge/miniforge), because the image's own Python may be too old.
SETUP = """\
#!/bin/bash
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y wget bubblewrap
wget -nv "https://github.com/conda-forge/miniforge/releases/download/25.3.1-0/Miniforge3-Linux-$(uname -m).sh" \\
  -O /tmp/miniforge.sh
bash /tmp/miniforge.sh -b -p /opt/miniforge
/opt/miniforge/bin/conda create -y -p /opt/grader python={python} pip
/opt/grader/bin/python -m pip install --no-cache-dir numpy=={numpy} ipython=={ipython}
"""
RUN = """\
#!/bin/bash
# Only root may read the tests; the student's code runs as nobody.
set -e
chmod -R go-rwx /autograder
cd /autograder/source
/opt/grader/bin/python -m assignments.container /autograder
"""


def archive(product: Build) -> bytes:
    """Return the archive."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    texts = {
        "setup.sh": SETUP.format(
            python=python, numpy=np.__version__, ipython=version("ipython")
        ),  # the same there as here
        "run_autograder": RUN,
        "assignment.json": json.dumps(product.assignment.to_dict()),
    }
    files = [HERE / "__init__.py", *(HERE / f"{name}.py" for name in MODULES), *sorted((HERE / "inside").glob("*.py"))]
    texts |= {f"assignments/{file.relative_to(HERE).as_posix()}": file.read_text("utf-8") for file in files}
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in texts.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))  # the same archive from the same master
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if name in ("setup.sh", "run_autograder") else 0o644) << 16
            made.writestr(entry, text)
    return result.getvalue()
