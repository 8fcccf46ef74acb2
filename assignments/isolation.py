"""The walls around student code: no network, no files, no children, and little time and memory.

`Bubblewrap` builds them wherever Debian's bubblewrap works; `UnprivilegedUser` serves inside a container that is thrown
away after each submission.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

INSIDE = Path(__file__).with_name("inside")  # the only part of this package that student code can see
# No packages but those of this Python; -I would also ignore the environment.
ALONE = ["-s", "-P", "-m", "assignments.inside.worker"]


class NoIsolation(RuntimeError):
    """There is no way to shut student code in on this machine."""


class UnprivilegedUser:
    """The worker gives up root: for a container in which nothing but this one submission is graded.

    The tests must belong to root and be readable by root only. The network is the container's; what keeps the code from
    it is the filter of system calls.
    """

    def command(self):
        """Return the command that starts the worker."""
        return ["env", f"PYTHONPATH={INSIDE.parents[1]}", sys.executable, *ALONE]


class Bubblewrap:
    """New namespaces for processes, network and files; of the files only Python and the libraries, read-only."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Do nothing."""

    def command(self):
        """Return the command that starts the worker."""
        files = []
        for path in ("/usr", "/lib", "/lib32", "/lib64", "/bin"):
            if os.path.islink(path):
                files += ["--symlink", os.readlink(path), path]
            elif os.path.exists(path):
                files += ["--ro-bind", path, path]
        for path in python_paths():
            for parent in reversed(Path(path).parents[:-1]):  # else only root could look into them
                files += ["--perms", "0755", "--dir", str(parent)]
            files += ["--symlink", os.readlink(path), path] if os.path.islink(path) else ["--ro-bind", path, path]
        for path in (INSIDE.parent, INSIDE.parents[1] / "optim"):  # the solutions, where they are installed like NumPy
            if any(path.is_relative_to(folder) for folder in ["/usr", *python_paths()]):
                files += ["--tmpfs", str(path)]
        for device in ("/dev/null", "/dev/urandom"):
            files += ["--dev-bind", device, device]
        files += ["--proc", "/proc", "--perms", "1777", "--size", str(16 << 20), "--tmpfs", "/tmp"]
        # The package itself stays outside, so that `assignments` is a name with nothing but `inside` in it.
        files += ["--perms", "0755", "--dir", "/code", "--perms", "0755", "--dir", "/code/assignments"]
        files += ["--ro-bind", str(INSIDE), "/code/assignments/inside", "--setenv", "PYTHONPATH", "/code"]
        files += ["--remount-ro", "/", "--chdir", "/tmp"]
        spaces = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        if os.geteuid() == 0:  # the worker gives up root by itself, which only root can
            rights = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        else:
            rights = ["--unshare-user"]
        walls = [*rights, *spaces, "--die-with-parent", "--new-session", *files]
        return [shutil.which("bwrap"), *walls, os.path.abspath(sys.executable), *ALONE]


def python_paths():
    """Return where this Python and its packages are, as far as that is not in /usr.

    A virtual environment may be the very folder in which somebody works, so that not all of it can be shown.
    """
    parts = ("bin", "lib", "lib64", "pyvenv.cfg")
    paths = {os.path.join(prefix, part) for prefix in (sys.base_prefix, sys.prefix) for part in parts}
    return sorted(path for path in paths if os.path.exists(path) and not Path(path).is_relative_to("/usr"))
