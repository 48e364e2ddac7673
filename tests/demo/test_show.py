"""What can be seen, in a terminal and without one."""

import io

from rich.console import Console

from afterword.demo.ledger import Entry
from afterword.demo.scene import Scene
from afterword.demo.show import Show
from afterword.demo.tally import Tally

SCENE = Scene(2, [Entry("image", 1, 22)], [Entry("image", 1, 22)], {20: "API", 22: "runner"})


def test_without_a_terminal_there_are_plain_lines() -> None:
    show, said = shown(terminal=False)

    with show.watch() as look:
        look(SCENE)
    show.say("[1] over")

    assert said.getvalue().splitlines() == [
        "  images 1 of 2, mails 0 of 2, notifications 0 of 2",
        "    API 20 ran none",
        "    runner 22 ran 1 images",
        "[1] over",
    ]


def test_in_a_terminal_there_are_bars() -> None:
    show, said = shown(terminal=True)

    with show.watch() as look:
        look(SCENE)

    assert "━━━" in said.getvalue()
    assert "1 of 2" in said.getvalue()
    assert "runner 22" in said.getvalue()


def test_it_ends_with_both_side_by_side() -> None:
    show, said = shown(terminal=False)

    show.conclude({"ours": Tally(6, 6, 1, 1.04, 7.0), "stock": Tally(6, 2, 0, None, None)})

    assert [line.split() for line in said.getvalue().splitlines() if line.strip()] == [
        ["accepted", "run", "lost", "run", "twice", "goes", "on", "after", "all", "run", "after"],
        ["ours", "6", "6", "0", "1", "1.0", "s", "7.0", "s"],
        ["stock", "6", "2", "4", "0", "never", "never"],
    ]


def shown(*, terminal: bool) -> tuple[Show, io.StringIO]:
    said = io.StringIO()
    return Show(Console(file=said, force_terminal=terminal, highlight=False, width=100)), said
