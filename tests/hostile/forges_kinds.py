# Writes replies of every malformed kind to the grader, and one of 5 MB.
# name: forges kinds
# points: q1=0, q2=0, q3=0, q4=0, q5=0, q6=0
# says: sent the grader something that is no answer
# says: returned more than the grader reads

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

# %% q1
def loss_and_gradient(theta, X, y):
    put(b'{"raised": ["int"], "message": {"a": []}}')

# %% q2
def gradient_error(gradient, plus, minus, h):
    put(b'"missing"')

# %% q3
def sgd_step(theta, grad, eta):
    put(b'[' * 5000 + b']' * 5000)

# %% q4
def mini_batches(order, size):
    put(b'{"result": NaN, "arguments": null, "keywords": 3, "more": 1}')

# %% q5
def one_pass(theta, centres, batches, eta):
    put(b'x' * 5_000_000)

# %% q6
def stability_edge(X):
    put(b'{"refused": "\\ud800"}')
