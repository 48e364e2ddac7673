"""What became of the tasks is counted from what they noted and from what can be seen of them."""

from collections.abc import Sequence

import pytest

from afterword.demo.ledger import Entry, Work
from afterword.demo.scene import Scene, progress, who_ran_what
from afterword.demo.story import verdict
from afterword.demo.tally import Tally, tally

NOTED = [Entry(kind, number, 20 + number) for number in (1, 2) for kind in ("image", "mail", "notification")]
SEEN = [(entry.kind, entry.number) for entry in NOTED]


@pytest.mark.parametrize(
    ("noted", "seen", "run", "twice"),
    [
        pytest.param(NOTED, SEEN, 6, 0, id="each once"),
        pytest.param([], [], 0, 0, id="none"),
        pytest.param(NOTED, SEEN[1:], 5, 0, id="noted, but nothing can be seen of it"),
        pytest.param(NOTED[1:], SEEN, 6, 0, id="cut off between the work and the note"),
        pytest.param([*NOTED, NOTED[0]], SEEN, 6, 1, id="noted twice"),
        pytest.param(NOTED, [*SEEN, SEEN[1], SEEN[1]], 6, 1, id="three mails for one"),
        pytest.param([*NOTED, Entry("mail", 3, 9)], [*SEEN, ("mail", 3)], 6, 0, id="one that was never accepted"),
    ],
)
def test_counts(noted: Sequence[Entry], seen: Sequence[Work], run: int, twice: int) -> None:
    counted = tally([1, 2], noted, seen, 1.0, None)

    assert counted == Tally(accepted=6, run=run, twice=twice, resumed=1.0, recovered=None)
    assert counted.lost == 6 - run


@pytest.mark.parametrize(
    ("run", "twice", "sentence"),
    [
        (6, 0, "afterword lost none of 6 tasks."),
        (6, 2, "afterword lost none of 6 tasks. 2 ran twice: cut off when the work was done, but not yet written down."),
        (4, 0, "afterword lost 2 of 6 tasks. That must not be: please report it."),
    ],
)
def test_verdict(run: int, twice: int, sentence: str) -> None:
    assert verdict(Tally(6, run, twice, 1.0, 2.0)) == sentence


def test_a_scene_in_words() -> None:
    scene = Scene(2, [*NOTED, NOTED[0]], NOTED[3:], {20: "API", 22: "runner"})

    assert progress(scene) == "images 2 of 2, mails 2 of 2, notifications 2 of 2"
    assert who_ran_what(scene) == ["API 20 ran none", "runner 22 ran 1 images, 1 mails, 1 notifications"]
