"""`python -m afterword.runner LAUNCH`: started by a worker, of no use to anybody else."""

import sys

from afterword.runner.main import main

if __name__ == "__main__":
    main(sys.argv[1])
