"""Tasks to be added. Nothing runs them here but the inline mode, and then they note what they were given."""

from afterword import task

ran: list[str] = []


def work(label: str) -> None:
    ran.append(label)


async def work_async(label: str) -> None:
    ran.append(label)


def work_named(**facts: str) -> None:
    ran.append(str(facts))


@task(name="sweep", ordered=False, queue="slow", priority=7, at_most_once=True)
def sweep(label: str) -> None:
    ran.append(label)


@task
async def sweep_async(label: str) -> None:
    ran.append(label)
