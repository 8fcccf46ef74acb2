# Names its language by a command that clears a terminal.
# name: terminal
# ungraded: it is written in 
# metadata: {"kernelspec": {"language": "\u001b[2J"}}
