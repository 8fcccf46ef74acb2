# Another course's notebook.
# name: another course
# says: in another course, with other conventions
# metadata: {"assignment": {"name": "ps1", "variant": {"scale": "1"}}}
