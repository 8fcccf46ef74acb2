"""Stop, pause and starve a grading run: every table of grades must be that of a quiet run, to the byte.

``python -m benchmarks.machine`` presses Ctrl-C 20 times, pauses the whole run and parts of it, kills processes behind
the walls, and grades with 8 to 64 jobs. A number says how many submissions there are, 12 without one.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from assignments import release
from assignments.course import Course
from benchmarks.grading import answers
from tests.disturbances import Run
from tools.notebooks import answered

PROBLEM_SET = "ps3"
INTERRUPTIONS = 20
PAUSE = 20  # seconds, longer than student code may wait
JOBS = (8, 16, 32, 64)


def prepare(course, count):
    """Write submissions, right and mistaken, into a folder."""
    chance = random.Random(0)
    (course / "course.secret").write_text("benchmark")
    (course / "submissions").mkdir()
    product = release.prepare(PROBLEM_SET, Course(("benchmark",)))
    for number in range(count):
        text = answered(product, answers(product.assignment, chance))
        (course / "submissions" / f"student{number:05}.ipynb").write_text(text, "utf-8")


def interrupt(course, results):
    """Press Ctrl-C again and again, each time in the middle, and go on."""
    chance, stopped = random.Random(0), 0
    while stopped < INTERRUPTIONS:
        run = Run(course, results)
        begun = course / results / ".grader" / "in-flight"
        while run.watch(0.05) and not list(begun.glob("*")):
            pass
        run.watch(chance.uniform(0, 2))
        if run.code is None:
            run.interrupt()
            stopped += run.finish() == 130
        if run.code == 0:  # everything is graded: begin again with one record less
            for record in random.sample(sorted((course / results / "records").glob("*.json")), 3):
                record.unlink()
    Run(course, results).finish()


def disturb(course, results):
    """Pause the run, and parts of it, and kill processes behind the walls; then run it again, as a person would.

    What could not be run three times in a row is ungraded after the first run, and graded in the second.
    """
    run = Run(course, results)
    while run.watch(0.05) and not list((course / results / "records").glob("*.json")):
        pass
    run.pause(PAUSE)
    run.watch(1)
    run.pause(PAUSE, everything=False)
    run.pause_behind_the_walls(PAUSE)
    killed = 0
    while run.watch(1.5) and killed < 10:
        killed += run.kill_one()
    run.finish()
    Run(course, results).finish()
    return killed


def main(count):
    """Try everything, and say what became of it."""
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        prepare(course, count)
        Run(course, "quiet").finish()

        def table(results):
            return (course / results / "grades.csv").read_bytes()

        def report(what, results, seconds):
            same = "the same" if table(results) == table("quiet") else "ANOTHER TABLE"
            print(f"{what}: {same} ({seconds:.0f} s)", flush=True)

        start = time.perf_counter()
        interrupt(course, "interrupted")
        report(f"{INTERRUPTIONS} times Ctrl-C", "interrupted", time.perf_counter() - start)
        start = time.perf_counter()
        killed = disturb(course, "disturbed")
        report(f"paused three times for {PAUSE} s, {killed} processes killed", "disturbed", time.perf_counter() - start)
        for jobs in JOBS:
            start = time.perf_counter()
            Run(course, f"jobs{jobs}", jobs).finish()
            report(f"{jobs} jobs", f"jobs{jobs}", time.perf_counter() - start)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
