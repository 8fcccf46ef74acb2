# Returns the gradient without the loss.
# name: no loss
# points: q1=0
# says: The loss should be one number, not []

# %% q1
def loss_and_gradient(theta, X, y):
    return [], SOLVED[1]
