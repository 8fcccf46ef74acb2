"""The walls around student code: no network, no files, no children, and little time and memory.

`Bubblewrap` builds them wherever Debian's bubblewrap works; `UnprivilegedUser` serves inside a container that is thrown
away after each submission. Either says by which command `assignments.inside.forkserver` is started behind the walls.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import sys
import sysconfig
from pathlib import Path

INSIDE = Path(__file__).with_name("inside")  # the only part of this package that student code can see
FORK_SERVER = "assignments.inside.forkserver"
# The packages that student code may import, where they are installed, with what they require. IPython is among them
# because it reads the notebooks.
PACKAGES = ("numpy", "ipython", "scipy", "matplotlib", "pandas")
# Where the loader of programs lies, and where it looks for libraries.
SYSTEM_FOLDERS = {"/lib64", "/usr/lib64", f"/usr/lib/{sysconfig.get_config_var('MULTIARCH')}"}
ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "OPENBLAS_NUM_THREADS": "1",  # a thread of BLAS would count as a process
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}


class NoIsolation(RuntimeError):
    """There is no way to shut student code in on this machine."""


class UnprivilegedUser:
    """The worker gives up root: for a container in which nothing but this one submission is graded.

    The tests must belong to root and be readable by root only. The network is the container's; what keeps the code from
    it, and from leaving files to the next question, is the filter of system calls.
    """

    ahead = 0  # a copy would see the ones that wait for their question

    def command(self) -> list[str]:
        """Return the command that starts the fork server."""
        return [sys.executable, "-s", "-P", "-m", FORK_SERVER, "together"]

    def environment(self) -> dict[str, str]:
        """Return its environment variables."""
        return {**ENVIRONMENT, "PYTHONPATH": str(INSIDE.parents[1])}


class Bubblewrap:
    """New namespaces for processes, network and files; of the files only Python and some packages, read-only."""

    ahead = 2  # copies that wait for their question

    def __init__(self) -> None:
        self.program = shutil.which("bwrap")
        if self.program is None:
            raise NoIsolation(
                "Student code is not run without walls around it, and bubblewrap is not installed here. On Debian and "
                "Ubuntu: sudo apt-get install bubblewrap. On macOS and Windows use Linux in a virtual machine or WSL 2."
            )
        self.python = os.path.realpath(sys.executable)
        self.library = os.path.realpath(sysconfig.get_path("stdlib"))
        inside = os.path.relpath(self.library, os.path.realpath(sys.base_prefix))
        self.library_inside = os.path.normpath(os.path.join("/python", inside))
        self.system, self.own = library_folders(self.library)

    def command(self) -> list[str]:
        """Return the command that starts the fork server."""
        # A file system of its own, whose root is empty at first. What comes later lies over what came before.
        shown = {folder: folder for folder in self.system}
        shown |= {"/python/bin/python": self.python, self.library_inside: self.library}
        shown |= {f"/libraries/{path.name}": str(path) for folder in self.own for path in Path(folder).glob("*.so*")}
        shown |= {f"/packages/{path.name}": str(path) for path in package_paths()}
        # This package itself stays outside, so that `assignments` is a name with nothing but `inside` in it.
        shown["/code/assignments/inside"] = str(INSIDE)
        files = ["--perms", "1777", "--tmpfs", "/tmp"]
        for path in ("/lib", "/lib32", "/lib64", "/bin"):
            if os.path.islink(path):
                files += ["--symlink", os.readlink(path), path]
        for parent in sorted({str(parent) for path in shown for parent in Path(path).parents[:-1]}):
            files += ["--perms", "0755", "--dir", parent]  # bubblewrap's own choice is for root only
        for path, source in shown.items():
            files += ["--ro-bind", source, path]
            if path == self.library_inside:
                for name in ("site-packages", "dist-packages"):  # of the packages only those below
                    if os.path.isdir(os.path.join(path, name)):
                        files += ["--tmpfs", os.path.join(path, name)]
        for device in ("/dev/null", "/dev/urandom"):
            files += ["--dev-bind", device, device]
        files += ["--proc", "/proc", "--remount-ro", "/", "--chdir", "/"]
        spaces = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        if os.geteuid() == 0:  # the copies get namespaces of their own, and give up root by themselves
            rights = ["--cap-drop", "ALL"]
            for right in ("CAP_SETUID", "CAP_SETGID", "CAP_SYS_ADMIN"):
                rights += ["--cap-add", right]
        else:
            rights = ["--unshare-user"]
        walls = [*rights, *spaces, "--die-with-parent", "--new-session", *files]
        assert self.program
        return [self.program, *walls, "/python/bin/python", "-s", "-S", "-P", "-m", FORK_SERVER, "alone"]

    def environment(self) -> dict[str, str]:
        """Return its environment variables."""
        return {
            **ENVIRONMENT,
            "PYTHONHOME": "/python",
            "PYTHONPATH": "/code:/packages",
            "LD_LIBRARY_PATH": "/libraries",
            "HIDE": ":".join(["/proc", *self.system]),
            "READ_BEFORE": f"{self.library_inside}:/packages",
        }


def library_folders(standard_library: str) -> tuple[list[str], list[str]]:
    """Return the folders with the libraries that this very process has loaded: the system's, and Python's own."""
    loaded = {os.path.dirname(path) for path in re.findall(r"(/\S.*\.so[.\d]*)$", _maps(), re.MULTILINE)}
    packages = [standard_library, *site_folders()]
    system = {path for path in SYSTEM_FOLDERS if os.path.isdir(path) and not os.path.islink(path)}
    own = {folder for folder in loaded - system if not any(Path(folder).is_relative_to(one) for one in packages)}
    return sorted(system), sorted(own)


def _maps() -> str:
    return Path("/proc/self/maps").read_text("utf-8", "surrogateescape")


def site_folders() -> list[str]:
    """Return the folders with installed packages."""
    return [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]


def package_paths() -> list[Path]:
    """Return the folders and modules of `PACKAGES` and of all that they require, as far as they are installed."""
    wanted, seen, paths = list(PACKAGES), set(), set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        for requirement in package.requires or []:
            if "extra ==" not in requirement:
                wanted.append(re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower())
        tops = {file.parts[0] for file in package.files or []} or {name}
        paths |= {Path(str(package.locate_file(top))) for top in tops if top not in ("..", "__pycache__")}
    return sorted(path for path in paths if path.exists() and path.suffix not in (".pth", ".dist-info"))
