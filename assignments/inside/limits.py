"""The limits on student code, each with its reason: times in seconds, sizes in bytes."""

from __future__ import annotations

# Time. It is counted for all calls of one question together, and only what the student's own process uses up: not the
# time in which it is stopped or waits for a processor, nor the time in which the grader itself does.
PROCESSOR_TIME = 5  # the reference needs milliseconds
PROCESSOR_TIME_OF_THE_KERNEL = 10  # where the kernel ends the process, should the grader be too busy to look
WAITING_TIME = 15  # for code that sleeps, or waits for something that does not come
PATIENCE = 600  # for one reply, however little of the machine the process gets; after that the machine is at fault
STARTING_TIME = 60  # for a process that has not read a line of the student's yet
TICK = 0.25  # how often the grader looks; a pause of the grader itself counts as one tick at most

# Memory. Everything that a process can hold, wherever the kernel keeps it.
MEMORY = 1 << 30  # of the process, of which Python and NumPy take about a quarter of the address space
LARGEST_FILE = 1 << 20
OPEN_FILES = 64
TEMPORARY_FILES = 16 << 20  # all of /tmp
TEMPORARY_NAMES = 1000  # files and folders in /tmp

# What crosses between student and grader. The tests compute with what comes back, and NumPy stretches two arrays of
# n numbers to n * n: 5,000 make 200 MB, which the grader survives.
LONGEST_TEXT = 1000  # characters
DEEPEST = 6  # lists in lists
MOST_ELEMENTS = 5_000  # numbers in one array; the largest array of the problem sets has 300
MOST_PARTS = 20_000  # numbers, texts, lists and arrays in one reply
LONGEST_REPLY = 1_000_000
LONGEST_QUESTION = 50_000_000  # all replies of one question; 3,000 calls of an honest method make 2 MB
