# Changes the code around it so that it sends numbers that no computer has, and shapes with a zero.
# name: forges numbers
# points: q1=0, q3=0, q5=0, q6=0
# says: sent the grader something that is no answer
# says: The path should have shape (3, 1)

# %% before
import assignments.inside.worker as worker
# The worker's own code, changed so that it sends any JSON.
honest = worker.encode
class Raw:
    def __init__(self, content):
        self.content, worker.encode = content, encode
def encode(value, depth=0):
    return value.content if isinstance(value, Raw) else honest(value, depth)

# %% q1
def loss_and_gradient(theta, X, y):
    return Raw([10**400, [1.0] * len(theta)])

# %% q3
def sgd_step(theta, grad, eta):
    return Raw({'dtype': 'float64', 'shape': [0, *[10**9] * 5], 'data': ''})

# %% q5
def one_pass(theta, centres, batches, eta):
    return Raw({'dtype': 'bool', 'shape': [0, *[4_999] * 3], 'data': ''})

# %% q6
def stability_edge(X):
    return Raw(10**4000)
