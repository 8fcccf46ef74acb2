# Writes files until the disk is full.
# name: disk
# points: q3=0
# says: `sgd_step` raised OSError

# %% q3
def sgd_step(theta, grad, eta):
    for number in range(10**6): open(f'/tmp/written-by-a-student{number}', 'wb').write(bytes(1 << 19))
