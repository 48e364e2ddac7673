"""The parent process: does all store work, runs no user code, knows no task options."""
