"""What growth is measured with: a no-op whose arguments have a size. Runs in afterword's runners."""

from benchmarks import work


async def sized(number: int, text: str) -> None:
    work.noop(number)
