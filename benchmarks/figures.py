"""What is measured, as values: the results file is a list of these."""

from collections.abc import Mapping
from typing import NamedTuple


class Figure(NamedTuple):
    """One measurement of one subject."""

    measure: str
    """Letter and name: "A requests", or of a curve: "growth batch"."""
    subject: str
    """Name of the subject; "" for the machine's own limits."""
    values: Mapping[str, float | None]
    """By name; the unit is in the name: "requests/s", "p99 ms". None: could not be measured."""
    at: str = ""
    """When, ISO 8601."""
    note: str = ""
    """Why a value is missing, or what happened."""
