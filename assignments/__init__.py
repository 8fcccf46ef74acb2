"""Course assignments: handed out, solved, graded. ``python -m assignments --help`` shows the commands."""
