"""The child process: imports the application, makes attempts, answers with outcomes. It knows no store."""
