# Tells hidden data in errors, in names of types, and in whatever it returns.
# name: tells
# points: q1=0, q2=0, q3=0, q4=0, q5=0, q6=0
# says: `loss_and_gradient` raised LEAK1.0
# says: `gradient_error` returned a LEAK3.0

# %% q1
def loss_and_gradient(theta, X, y):
    raise type(f'LEAK{X.ravel()[0]}', (Exception,), {})(X.tolist())

# %% q2
def gradient_error(gradient, plus, minus, h):
    return type(f'LEAK{gradient[0]}', (), {})()

# %% q3
def sgd_step(theta, grad, eta):
    return f'LEAK {theta.tolist()}'

# %% q4
def mini_batches(order, size):
    return {f'LEAK {order.tolist()}': 1}

# %% q5
def one_pass(theta, centres, batches, eta):
    return [[f'LEAK {theta.tolist()}']]

# %% q6
def stability_edge(X):
    raise AssertionError(f'LEAK {X.tolist()}')
