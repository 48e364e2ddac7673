"""What the demo shows, and in which order."""

import tempfile
from pathlib import Path

from PIL import Image

from afterword.demo.act import Act, Company, alone
from afterword.demo.failure import PATIENCE
from afterword.demo.layout import lay_out
from afterword.demo.ledger import KINDS
from afterword.demo.mailbox import mail_server
from afterword.demo.plot import Plot
from afterword.demo.show import Show
from afterword.demo.tally import Tally

STOCK_PATIENCE = 3.0
"""Seconds that FastAPI alone gets, once it serves again, to come back to what it had accepted."""

WITH_AFTERWORD = Plot(waiting=500, patience=PATIENCE)
WITHOUT = Plot(waiting=0, patience=STOCK_PATIENCE)

PORTRAIT = (3000, 2250)
"""Pixels; to make it smaller takes a processor some 50 ms."""

OURS = "afterword"
STOCK = "fastapi.BackgroundTasks"


def tell(show: Show) -> bool:
    """Whether afterword lost nothing. Leaves nothing behind, and works in a temporary folder alone. Raises DemoFailed."""
    with tempfile.TemporaryDirectory(prefix="afterword-demo-") as name:
        folder = Path(name).resolve()
        show.title(
            f"1. afterword: {WITH_AFTERWORD.customers} customers, {len(KINDS)} tasks each; "
            f"all killed while at least {WITH_AFTERWORD.waiting} tasks wait"
        )
        show.say(
            "A task makes an image smaller, sends a mail to a server, or writes a notification. They run outside of the API."
        )
        ours = play(show, folder / "ours", WITH_AFTERWORD)
        show.title("2. The same with FastAPI's own BackgroundTasks: the same files, their import changed")
        stock = play(show, folder / "stock", WITHOUT, with_afterword=False)
    show.conclude({OURS: ours, STOCK: stock})
    show.say(f"\n{verdict(ours)}")
    return ours.lost == 0


def play(show: Show, folder: Path, plot: Plot, *, with_afterword: bool = True, company: Company = alone) -> Tally:
    lay_out(folder, with_afterword=with_afterword, application=plot.application)
    (folder / "small").mkdir()
    draw(folder / "portrait.jpg")
    with mail_server() as mailbox:
        return Act(folder, mailbox, show, plot, company).play()


def draw(path: Path) -> None:
    """A picture that no one wants to look at, but that is as much work as a photograph."""
    noise = Image.effect_noise(PORTRAIT, 64)
    flips = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM)
    Image.merge("RGB", (noise, *map(noise.transpose, flips))).save(path, quality=85)


def verdict(ours: Tally) -> str:
    if ours.lost:
        return f"afterword lost {ours.lost} of {ours.accepted} tasks. That must not be: please report it."
    again = f" {ours.twice} ran twice: cut off when the work was done, but not yet written down." if ours.twice else ""
    return f"afterword lost none of {ours.accepted} tasks.{again}"
