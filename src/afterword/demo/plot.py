"""What is played: how many customers come, when, and where."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from afterword.demo.layout import APPLICATION


@dataclass(frozen=True, slots=True)
class Plot:
    """What is played."""

    waiting: int
    """Tasks that must be waiting when the processes are killed."""
    patience: float
    """Seconds that a server which was started again gets to run the first task that had waited."""
    customers: int = 250
    """Who come at first; each gets one task of every kind."""
    more: int = 100
    """Who come then, again and again, where the machine is so quick that too few tasks wait."""
    most: int = 2_000
    """Customers in all; then the machine is too quick."""
    first: int = 50
    """Tasks that must have run when the processes are killed."""
    late: int = 0
    """Customers who come when the application is there again, and nobody else is yet."""
    application: str = APPLICATION
    door: str = ""
    """Where its customers come in: the beginning of a path."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of its environment."""
