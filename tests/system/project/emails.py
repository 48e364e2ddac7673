"""A module beside main.py that knows nothing of afterword."""

from ledger import note


def send_email(number: int) -> None:
    note(number, "end")
