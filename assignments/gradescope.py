"""The archive for Gradescope: otter-grader's, with this package's grader in the place of otter-grader's own."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import yaml

HERE = Path(__file__).parent

# What grades inside the container; the rest of the package stays at home.
MODULES = ["__init__", "assignment", "container", "grade", "isolation", "sandbox", "submission"]
INSIDE = ["__init__", "codec", "notebook", "seccomp", "worker"]
RUN = """\
#!/bin/bash
# Only root may read the tests; the student's code runs as nobody.
set -e
chmod -R go-rwx /autograder
chmod o+x ~root
export PATH=~root/miniforge3/bin:$PATH
eval "$(mamba shell hook --shell bash)"
mamba activate otter-env
cd /autograder/source
python -m assignments.container /autograder
"""
INSTALL_WALLS = "\napt-get install -y bubblewrap\n"


def archive(product):
    """Return the archive, as bytes.

    otter-grader's set-up stays, which installs Python and the packages. Its tests go into `assignment.json`, its way to
    run them, which is inside the student's Python, goes.
    """
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(product.archive)) as made,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        setup = made.read("setup.sh").decode("utf-8")
        environment = yaml.safe_load(made.read("environment.yml"))
        packages = next(part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
        packages.append(f"numpy=={np.__version__}")  # the same there as here
        files = {
            "setup.sh": setup.rstrip() + INSTALL_WALLS,
            "environment.yml": yaml.safe_dump(environment, sort_keys=False),
            "run_autograder": RUN,
            "assignment.json": json.dumps(product.assignment.to_dict()),
        }
        modules = [*MODULES, *(f"inside/{name}" for name in INSIDE)]
        files |= {f"assignments/{name}.py": (HERE / f"{name}.py").read_text("utf-8") for name in modules}
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))  # the same archive from the same master
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if name in ("setup.sh", "run_autograder") else 0o644) << 16
            archive.writestr(entry, text)
    return result.getvalue()
