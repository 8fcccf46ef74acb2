"""Grade many submissions of problem set 3, kill the run in the middle, go on: ``python -m benchmarks.grading``.

A number gives how many there are, 300 without one: ``python -m benchmarks.grading 30``.
"""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from assignments import release
from assignments.course import Course
from tools.notebooks import answered

NAME = "ps3"
RIGHT, MISTAKEN = (
    0.65,
    0.25,
)  # the shares of the answers that are right, and that have a usual mistake; the rest is missing


def answers(assignment, chance):
    """Return answers of which some are right, some mistaken and some missing."""
    code = {}
    for question in assignment.tested:
        draw = chance.random()
        if draw < RIGHT:
            code[question.name] = question.solution
        elif draw < RIGHT + MISTAKEN:
            code[question.name] = chance.choice(question.misconceptions).code
    return code


def seconds(command):
    """Run a command and return how long it took."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main(count):
    """Measure, and say what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "course.secret").write_text("benchmark")
        product = release.prepare(NAME, Course(("benchmark",)))
        (folder / "submissions").mkdir()
        chance = random.Random(0)
        for number in range(count):
            text = answered(product, answers(product.assignment, chance))
            (folder / "submissions" / f"student{number:05}.ipynb").write_text(text, "utf-8")

        def command(results, submissions="submissions"):
            words = [NAME, folder / submissions, folder / results, "--secret", folder / "course.secret"]
            return [sys.executable, "-m", "assignments", "grade", *map(str, words)]

        (folder / "one").mkdir()
        first = folder / "submissions" / "student00000.ipynb"
        (folder / "one" / first.name).write_bytes(first.read_bytes())
        start = seconds(command("first", "one"))
        print(f"start-up and one submission: {start:.1f} s")

        took = seconds(command("whole"))
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(
            f"{count} submissions of {NAME}: {took:.0f} s, {(took - start) / max(count - 1, 1):.2f} s each after the "
            f"first; the grader took {largest:.0f} MB"
        )

        print(f"once more, with nothing to do: {seconds(command('whole')):.1f} s")

        cut = subprocess.Popen(command("cut"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(took / 2)
        cut.send_signal(signal.SIGKILL)
        cut.wait()
        done = len(list((folder / "cut" / "records").glob("*.json")))
        took = seconds(command("cut"))
        same = (folder / "cut" / "grades.csv").read_bytes() == (folder / "whole" / "grades.csv").read_bytes()
        print(f"killed after {done}, went on for {took:.0f} s: grades.csv is {'the same' if same else 'ANOTHER'}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
