# Writes junk to the grader before its answer.
# name: forges junk
# points: q3=0
# says: sent the grader something that is no answer

# %% before
import json, os, stat
from assignments.inside.codec import encode
# The worker's end of the line to the grader is among the open files.
def put(*lines):
    for number in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                os.write(number, b"".join(line + b"\n" for line in lines))
        except OSError:
            pass
def reply(result, *arguments):
    sent = [encode(one) for one in arguments]
    return json.dumps({"result": result, "arguments": sent, "keywords": {"dict": {}}}).encode()

# %% q3
def sgd_step(theta, grad, eta):
    put(b'junk', b'{}', b'[]', b'\xff')
    return SOLVED
