# Returns nothing, a generator, dictionaries and a text, and has a number in the place of a function.
# name: forms
# points: q1=0, q2=0, q3=0, q4=0, q5=0, q6=0
# says: returns nothing (None)
# says: `gradient_error` returned a generator
# says: keys are not texts
# says: no function

# %% q1
def loss_and_gradient(theta, X, y):
    return None

# %% q2
def gradient_error(gradient, plus, minus, h):
    yield 2.0

# %% q3
def sgd_step(theta, grad, eta):
    return {'theta': SOLVED}

# %% q4
def mini_batches(order, size):
    return {1: order}

# %% q5
def one_pass(theta, centres, batches, eta):
    return 'a path'

# %% q6
stability_edge = 0.5
