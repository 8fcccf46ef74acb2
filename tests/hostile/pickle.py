# Returns an object that runs code where it is unpickled, and its pickle.
# name: pickle
# points: q3=0, q6=0
# says: `sgd_step` returned a Bomb
# says: `stability_edge` returned a bytes

# %% before
class Bomb:
    def __reduce__(self): return exec, ('1 / 0',)

# %% before
import pickle

# %% q3
def sgd_step(theta, grad, eta):
    return Bomb()

# %% q6
def stability_edge(X):
    return pickle.dumps(Bomb())
