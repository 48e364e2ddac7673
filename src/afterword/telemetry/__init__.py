"""What can be seen from outside: each file listens to events and tells of them in its own way."""
