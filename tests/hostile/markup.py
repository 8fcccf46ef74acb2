# Has markup in what it returns, in the names and messages of its errors, and in its written answer.
# name: markup
# points: q1=0, q3=0, q6=0
# says: not ['<script>alert(1)</script><img src=x onerror=alert(1)>']
# says: `sgd_step` raised <script>alert(1)</script><img src=x onerror=alert(1)>: <script>alert(1)</script><img src=x onerror=alert(1)>
# says: `stability_edge` returned a <script>alert(1)</script><img src=x onerror=alert(1)>
# answer: <script>alert(1)</script><img src=x onerror=alert(1)>

# %% q1
def loss_and_gradient(theta, X, y):
    return ['<script>alert(1)</script><img src=x onerror=alert(1)>'], 1

# %% q3
def sgd_step(theta, grad, eta):
    raise type('<script>alert(1)</script><img src=x onerror=alert(1)>', (Exception,), {})('<script>alert(1)</script><img src=x onerror=alert(1)>')

# %% q6
def stability_edge(X):
    return type('<script>alert(1)</script><img src=x onerror=alert(1)>', (), {})()
