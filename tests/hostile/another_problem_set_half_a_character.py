# Says that it is a problem set whose name is half a character.
# name: fourth
# ungraded: , not ps1
# metadata: {"assignment": {"name": "\ud800"}}
