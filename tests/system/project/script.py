"""A script beside the application: adds a task and ends."""

import sys

from callers import afterword, work

afterword.add_now(work, int(sys.argv[1]))
