# Greek letters in the code, and another script in the name.
# name: 学生 Ω

# %% q3
Δ = -1
def sgd_step(θ, ᵍ, η):
    return θ + Δ * η * ᵍ
