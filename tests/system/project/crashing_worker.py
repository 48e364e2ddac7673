"""A worker started apart, as `afterword worker` starts it, that dies at a chosen moment."""

import sys

from crashing import crash_at

from afterword.embedded.serving import serve
from afterword.launch import Launch

if __name__ == "__main__":
    sys.exit(serve(Launch.load(sys.argv[1]), [crash_at(sys.argv[2])]))
