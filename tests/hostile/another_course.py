# Hands in the notebook of another course, solved.
# name: another course
# says: in another course, with other conventions
# metadata: {"assignment": {"name": "ps1", "variant": {"scale": "1"}}}
