"""What runs inside the sandbox: a student's code, and nothing that the student must not see.

The grader starts this module as a program of its own. It reads requests and writes answers, one line of JSON each:
first the cells of the notebook, then one call after the other.
"""

from __future__ import annotations

import json
import os
import sys

from assignments.inside.codec import LONGEST_TEXT, NotAllowed, decode, encode
from assignments.inside.notebook import Missing, Notebook
from assignments.inside.seccomp import deny_system_calls


def answer(notebook, request):
    """Call the function that is asked for and return what it returned, with the arguments as it left them."""
    arguments, keywords = decode(request["arguments"]), decode(request["keywords"])
    try:
        with notebook.as_main():
            result = notebook.function(request["function"])(*arguments, **keywords)
        return {"result": encode(result), "arguments": encode(arguments), "keywords": encode(keywords)}
    except Missing as error:
        return {"missing": str(error)[:LONGEST_TEXT]}
    except NotAllowed as error:
        return {"refused": str(error)[:LONGEST_TEXT]}
    except BaseException as error:  # also what a student raises to get out: SystemExit, KeyboardInterrupt
        message = f"{error}; {notebook.why_undefined(error.name)}" if isinstance(error, NameError) else str(error)
        return {"raised": type(error).__name__[:80], "message": message[:LONGEST_TEXT]}


def drop_privileges(limits):
    """Give up every right that student code does not need. There is no way back."""
    import resource  # Windows has none, and there only `answer` is used

    if os.geteuid() == 0:  # root is not bound by the limit on processes
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    deny_system_calls()
    for name, limit in limits.items():
        most = limit + 1 if name == "RLIMIT_CPU" else limit  # the first limit sends a signal that tells why
        resource.setrlimit(getattr(resource, name), (limit, most))


def main():
    """Serve one grader until it closes the line."""
    requests, answers = os.fdopen(os.dup(0), "r", encoding="ascii"), os.fdopen(os.dup(1), "w", encoding="ascii")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # what a student prints or asks for goes nowhere
        os.dup2(nothing, standard)
    first = json.loads(requests.readline())
    drop_privileges(first["limits"])
    print(json.dumps("ready"), file=answers, flush=True)
    notebook = Notebook(first["cells"], first["plan"])
    for line in requests:
        request = json.loads(line)
        reply = notebook.plans(request["plans"]) if "plans" in request else answer(notebook, request)
        print(json.dumps(reply), file=answers, flush=True)


if __name__ == "__main__":
    sys.exit(main())
