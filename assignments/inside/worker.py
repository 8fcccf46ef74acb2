"""What the process does in which student code runs: read requests and write replies, one line of JSON each."""

from __future__ import annotations

import json
import os
from typing import Any, TextIO

from assignments.inside.codec import NotAllowed, decode, encode
from assignments.inside.limits import LONGEST_TEXT
from assignments.inside.notebook import Missing, Notebook


def answer(notebook: Notebook, request: dict[str, Any]) -> dict[str, Any]:
    """Call the function that is asked for and return what it returned, with the arguments where it changed them."""
    arguments, keywords = decode(request["arguments"]), decode(request["keywords"])
    try:
        with notebook.as_main():
            function = notebook.function(request["function"])
            result = function(*arguments, **keywords)
        left = {"arguments": encode(arguments), "keywords": encode(keywords)}
        return {"result": encode(result), **{name: value for name, value in left.items() if value != request[name]}}
    except Missing as error:
        return {"missing": str(error)[:LONGEST_TEXT]}
    except NotAllowed as error:
        return {"refused": str(error)[:LONGEST_TEXT]}
    except BaseException as error:  # also what a student raises to get out: SystemExit, KeyboardInterrupt
        message = f"{error}; {notebook.why_undefined(error.name)}" if isinstance(error, NameError) else str(error)
        return {"raised": type(error).__name__[:80], "message": message[:LONGEST_TEXT]}


def serve(requests: TextIO, replies: TextIO) -> None:
    """Answer one grader until it closes the line.

    Its first line holds the cells of a notebook, the plan and what that runs, and gets no reply. The others call a
    function, or ask which plans differ for some functions, and what they run.
    """

    def receive() -> Any:
        os.set_blocking(requests.fileno(), True)  # student code may have changed that: then chance would decide
        line = requests.readline()
        return json.loads(line) if line else None

    def send(reply: Any) -> None:
        os.set_blocking(replies.fileno(), True)
        print(json.dumps(reply), file=replies, flush=True)

    send("ready")
    first = receive()
    if first is None:  # no question was left for this process
        return
    notebook = Notebook(first["cells"], first["plan"], first["steps"])
    while request := receive():
        if "outlines" in request:
            send([notebook.outline(names) for names in request["outlines"]])
        else:
            send(answer(notebook, request))
