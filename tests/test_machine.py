"""What the machine does to a grading run costs no student a point, and what a student's code does still does.

``python -m benchmarks.machine`` tries the same with many more stops, pauses and jobs.
"""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from disturbances import Run

from assignments import grade, release
from assignments.course import Course
from assignments.inside import limits
from assignments.sandbox import MachineFailure, OutOfTime, Sandbox, Stopped, StudentError, Usage, find_isolation
from tools.notebooks import answered

pytestmark = pytest.mark.sandbox

SECRET = "a machine that is stopped"
WAITS = ["import time\ndef f(seconds):\n    time.sleep(seconds)\n    return seconds"]
COMPUTES = ["import time\ndef f(seconds):\n    while time.process_time() < seconds: pass\n    return seconds"]


@pytest.fixture
def short(monkeypatch):
    """Make the times short, so that a test need not wait long to go beyond them."""
    monkeypatch.setattr(limits, "WAITING_TIME", 1)
    monkeypatch.setattr(limits, "PROCESSOR_TIME", 1)
    monkeypatch.setattr(limits, "TICK", 0.1)


def number_of(sandbox):
    """Return the number of the process in which a student's code runs."""
    return sandbox.worker.usage.number


def call(sandbox, *arguments):
    """Call `f` from another thread; return the thread and where its result, or what it raised, will be."""
    result = []

    def run():
        try:
            result.append(sandbox.call("f", *arguments))
        except Exception as error:
            result.append(error)

    sandbox.outlines([["f"]])  # the process is there
    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.3)
    return thread, result


def test_a_process_that_is_stopped_does_not_wait_of_its_own_accord(walls, short):
    sandbox = Sandbox(COMPUTES, walls)
    thread, result = call(sandbox, 0.5)
    os.kill(number_of(sandbox), signal.SIGSTOP)
    time.sleep(2 * limits.WAITING_TIME)
    os.kill(number_of(sandbox), signal.SIGCONT)
    thread.join()
    sandbox.close()
    assert result == [0.5]
    assert sandbox.spent.waiting < limits.WAITING_TIME / 2


def test_sleeping_is_the_students_own_waiting(walls, short):
    sandbox = Sandbox(WAITS, walls)
    assert sandbox.call("f", 0.5) == 0.5
    with pytest.raises(OutOfTime, match="did not come back within"):
        sandbox.call("f", 1000)
    with pytest.raises(OutOfTime, match="was not called again"):
        sandbox.call("f", 0)


def test_computing_is_the_students_own_and_counts_over_all_calls_and_processes(walls, short):
    sandbox = Sandbox([*COMPUTES, "import os\ndef g(): os._exit(1)"], walls)
    sandbox.call("f", 0.6)
    with pytest.raises(StudentError, match="ended Python"):
        sandbox.call("g")
    with pytest.raises(OutOfTime, match="seconds of computing"):
        sandbox.call("f", 0.9)


def test_a_kill_from_outside_is_the_machines_fault_and_says_which_machine(walls):
    sandbox = Sandbox(WAITS, walls)
    thread, result = call(sandbox, 1000)
    os.kill(number_of(sandbox), signal.SIGKILL)
    thread.join()
    sandbox.close()
    assert isinstance(result[0], MachineFailure)
    assert str(result[0]).startswith(f"the machine {os.uname().nodename} could not run it: something outside")


def test_who_is_stopped_while_a_process_is_killed_says_later_that_it_was_killed(walls, short):
    sandbox = Sandbox(WAITS, walls)
    thread, result = call(sandbox, 1000)
    number = number_of(sandbox)
    fork_server = int(Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[1])
    os.kill(fork_server, signal.SIGSTOP)
    os.kill(number, signal.SIGKILL)
    time.sleep(10 * limits.TICK)
    os.kill(fork_server, signal.SIGCONT)
    thread.join()
    sandbox.close()
    assert isinstance(result[0], MachineFailure)


@pytest.mark.parametrize("seconds", [0, 1, 1e6])
def test_who_closes_the_line_is_told_the_same_however_soon_it_ends(walls, seconds):
    code = "import os, time\ndef f(seconds):\n    os.closerange(3, 64)\n    time.sleep(seconds)\n    os._exit(1)"
    sandbox = Sandbox([code], walls)
    with pytest.raises(StudentError, match="`f` ended Python, or closed its line to the grader, instead of returning"):
        sandbox.call("f", seconds)


@pytest.mark.parametrize(("state", "waited"), [("S", 1), ("R", 0), ("D", 0), ("T", 0), ("t", 0)])
def test_only_a_process_that_sleeps_waits_of_its_own_accord(monkeypatch, state, waited):
    """Others would go on if they could: without a processor one is ready to run, and nothing is counted meanwhile."""
    usage = Usage(os.pidfd_open(os.getpid()))
    monkeypatch.setattr(usage, "_schedule", lambda: (usage.ran, usage.queued))
    monkeypatch.setattr(usage, "_state", lambda: [state])
    assert usage.tick() == (0, waited * limits.TICK)


def test_a_process_that_has_its_number_from_one_that_ended_does_not_live_for_it():
    with subprocess.Popen(["sleep", "1000"]) as child:
        usage = Usage(os.pidfd_open(child.pid))
        assert usage.lives()
        child.kill()
    usage.place = Path("/proc/self")
    assert not usage.lives()


def test_who_makes_its_line_impatient_gets_every_question_all_the_same(walls):
    code = """
import os, contextlib
def f(n):
    for line in range(3, 64):
        with contextlib.suppress(OSError):
            os.set_blocking(line, False)
    return n
"""
    sandbox = Sandbox([code], walls)
    for number in range(3):
        assert sandbox.call("f", number) == number
        time.sleep(0.3)
    sandbox.close()


def test_the_death_of_the_fork_server_is_the_machines_fault_and_the_next_call_starts_another(short):
    with find_isolation() as server:
        sandbox = Sandbox(WAITS, server)
        thread, result = call(sandbox, 1000)
        server.process.kill()
        thread.join()
        sandbox.close()
        assert isinstance(result[0], MachineFailure)
        assert sandbox.call("f", 0) == 0
        sandbox.close()


def test_closing_the_fork_server_stops_what_is_in_flight(short):
    server = find_isolation()
    sandbox = Sandbox(WAITS, server)
    thread, result = call(sandbox, 1000)
    server.close()
    thread.join()
    assert isinstance(result[0], Stopped)
    with pytest.raises(Stopped):
        Sandbox(WAITS, server).call("f", 0)


class Flaky(Sandbox):
    """A sandbox on a machine that fails a number of times."""

    failures = 0

    def call(self, function, *arguments, **keywords):
        """Fail, or call a function."""
        if Flaky.failures:
            Flaky.failures -= 1
            raise MachineFailure("it was tired")
        return super().call(function, *arguments, **keywords)


def test_what_the_machine_could_not_run_is_tried_again_twice(walls, monkeypatch):
    monkeypatch.setattr(grade, "PAUSES", (0, 0))
    assignment = release.prepare("ps1", Course((SECRET,))).assignment
    question = assignment.tested[0]

    def graded():
        code = ["import numpy as np", question.solution]
        return grade.grade_question(question, assignment, lambda: Flaky(code, walls))

    Flaky.failures = 2
    assert graded().points == question.points
    Flaky.failures = 3
    with pytest.raises(MachineFailure, match="it was tired"):
        graded()


def test_a_failure_of_the_grader_costs_one_question(walls, monkeypatch):
    assignment = release.prepare("ps1", Course((SECRET,))).assignment
    failure = grade._failure
    monkeypatch.setattr(
        grade,
        "_failure",
        lambda test, number, question, *rest: (
            1 / 0 if question.name == "q2" else failure(test, number, question, *rest)
        ),
    )
    marks = grade.grade_submission(release.solved(assignment), assignment, lambda code: Sandbox(code, walls))
    assert [mark.points for mark in marks] == [4, 0, 3, 3, 4, 3]
    assert [mark.question for mark in marks if mark.ungraded] == ["q2"]
    assert "the grader failed on question q2, not the student: ZeroDivisionError" in marks[1].ungraded


# The whole run, from a terminal


@pytest.fixture(scope="module")
def course(tmp_path_factory, walls):
    """Set up a course of six submissions, right and mistaken, and grade them in peace."""
    course = tmp_path_factory.mktemp("a course")
    product = release.prepare("ps1", Course((SECRET,)))
    (course / "course.secret").write_text(SECRET)
    (course / "submissions").mkdir()
    for number in range(6):
        code = {question.name: question.solution for question in product.assignment.tested}
        for question in product.assignment.tested[:number]:
            code[question.name] = question.misconceptions[0].code
        (course / "submissions" / f"student{number}.ipynb").write_text(answered(product, code), "utf-8")
    assert Run(course, "quiet", name="ps1").finish() == 0
    return course


def grades(course, results):
    """Return the table of the grades, with the remarks, as bytes."""
    return Path(course, results, "grades.csv").read_bytes()


def test_ctrl_c_costs_nobody_a_point(course):
    records = Path(course, "interrupted", "records")
    for _ in range(3):
        before = len(list(records.glob("*.json")))
        run = Run(course, "interrupted", jobs=1, name="ps1")
        while run.watch(0.02) and len(list(records.glob("*.json"))) == before:
            pass
        run.interrupt()
        assert run.finish() == 130, run.said
        assert b"Stopped. What was graded is kept" in run.said
    assert Run(course, "interrupted", name="ps1").finish() == 0
    assert grades(course, "interrupted") == grades(course, "quiet")


def test_pauses_and_kills_and_many_jobs_cost_nobody_a_point(course):
    run = Run(course, "disturbed", jobs=8, name="ps1")
    graded = Path(course, "disturbed", "records")
    while run.watch(0.02) and not list(graded.glob("*.json")):
        pass
    run.pause(2)
    run.kill_one()
    run.pause_behind_the_walls(2)
    assert run.finish() == 0, run.said
    assert grades(course, "disturbed") == grades(course, "quiet")
