"""Where log lines go while nobody has said it: to the standard error output, like those of a worker."""

import logging
import sys

FORMAT = "%(levelname)-9s %(name)s[%(process)d] %(message)s"


class Fallback(logging.Handler):
    """Says nothing as soon as the logger `afterword`, or whoever hears of its lines, has a handler of the application's own."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(logging.Formatter(FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        if self._alone(record.name) and sys.stderr is not None:
            try:
                sys.stderr.write(f"{self.format(record)}\n")
            except Exception:
                self.handleError(record)

    def _alone(self, name: str) -> bool:
        logger: logging.Logger | None = logging.getLogger(name)
        while logger is not None:
            if any(handler is not self for handler in logger.handlers):
                return False
            logger = logger.parent if logger.propagate else None
        return True
