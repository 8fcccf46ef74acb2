# The second one.
# name: second
# ungraded: it is ps2, not ps1
# metadata: {"assignment": {"name": "ps2"}}
