# Prints 30 MB, and goes on.
# name: noisy

# %% q3
def sgd_step(theta, grad, eta):
    import os
    print('x' * 10**7)
    for file in 1, 2: os.write(file, b'x' * 10**7)
    return SOLVED
