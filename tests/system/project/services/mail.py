"""A module in a package beside main.py that knows nothing of afterword."""

from ledger import note


async def send_mail(number: int) -> None:
    note(number, "end")
