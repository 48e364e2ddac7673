"""Which worlds are played."""

from collections.abc import Iterable
from pathlib import Path

from tests.simulation.oracle import Oracle
from tests.simulation.towns import Found
from tests.simulation.world import Plan, World

FAILED = Path(__file__).parent / "failed_seeds.txt"
"""Seeds with which a law was once broken, one a line, with what it was: they are played first."""

CALM = Plan(faults=0.0, trouble=0.0, crashes=False, person=False, seconds=20.0)
"""Nothing goes wrong."""

PLANS = (
    Plan(),
    Plan(faults=0.15, trouble=10.0),
    Plan(faults=0.0, trouble=2.0, person=False),
    Plan(apis=3, workers=3, requests=20, trouble=8.0),
    Plan(apis=1, workers=1, keep=15.0),
    Plan(workers=1, faults=0.1, trouble=0.0),
)


def failed_before() -> list[int]:
    lines = FAILED.read_text().splitlines()
    return [int(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]


def play(seed: int, found: Found, plan: Plan | None = None) -> Oracle:
    """The world of this seed. Whatever fails there says how to see it again."""
    world = World(seed, plan or PLANS[seed % len(PLANS)], found)
    try:
        return world.play()
    except BaseException as error:
        story = "\n".join(world.oracle.trace[-60:])
        error.add_note(f"Seed {seed}, {world.plan}. The last that happened:\n{story}")
        raise


def first_failure(seeds: Iterable[int], found: Found) -> BaseException | None:
    """What goes wrong first, if anything does."""
    for seed in seeds:
        try:
            play(seed, found)
        except AssertionError as error:
            return error
    return None
