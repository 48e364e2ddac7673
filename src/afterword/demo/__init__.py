"""`afterword demo`: the samples under a real server, its processes killed while tasks wait, and what became of the tasks.

It knows afterword from outside only: it starts processes, and reads what they leave behind.
"""
