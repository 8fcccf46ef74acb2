# Takes more and more memory.
# name: memory bomb
# points: q3=0
# says: `sgd_step` raised MemoryError

# %% q3
def sgd_step(theta, grad, eta):
    full = []
    while True: full.append(bytearray(1 << 26))
