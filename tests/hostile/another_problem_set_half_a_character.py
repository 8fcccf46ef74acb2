# Half a character.
# name: fourth
# ungraded: , not ps1
# metadata: {"assignment": {"name": "\ud800"}}
