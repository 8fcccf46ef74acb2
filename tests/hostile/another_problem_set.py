# Hands in a notebook that says it is the second problem set.
# name: second
# ungraded: it is ps2, not ps1
# metadata: {"assignment": {"name": "ps2"}}
