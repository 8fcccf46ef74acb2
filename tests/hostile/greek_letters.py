# Has Greek letters in its code, and a name in two other scripts.
# name: 学生 Ω

# %% q3
Δ = -1
def sgd_step(θ, ᵍ, η):
    return θ + Δ * η * ᵍ
