"""What stands inside the walls, beside a student's code: nothing in here knows a solution, a test or a mark."""
