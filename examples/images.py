"""An application that takes a picture and makes a small one of it, while the client goes on.

Making it small is work for the processor. It is done in another process, so the API stays as quick as it was; and by a `def`
function, which gets a thread of its own there.

With FastAPI's own BackgroundTasks it would read the same but for two lines: the import below, and `Afterword(app)`.

Run it with `uvicorn images:app` in this folder, then `curl -F image=@photo.jpg localhost:8000/images`.
"""

import shutil
from pathlib import Path
from uuid import UUID, uuid4

from fastapi import FastAPI, HTTPException, UploadFile
from fastapi.responses import FileResponse
from PIL import Image

from afterword import Afterword, BackgroundTasks

app = FastAPI()
Afterword(app)

IMAGES = Path("images")


def make_smaller(original: Path, small: Path) -> None:
    """Writes a JPEG of at most 320 x 320 pixels to `small`, which is there only when it is complete."""
    with Image.open(original) as image:
        image.thumbnail((320, 320))
        unfinished = small.with_suffix(".part")
        image.convert("RGB").save(unfinished, "JPEG")
    unfinished.replace(small)


@app.post("/images", status_code=202)
def upload(image: UploadFile, background_tasks: BackgroundTasks) -> dict[str, str]:
    id = uuid4()
    # An upload ends with its request. What a task needs of it, the endpoint saves.
    IMAGES.mkdir(exist_ok=True)
    original = IMAGES / f"{id}.original"
    with original.open("wb") as file:
        shutil.copyfileobj(image.file, file)
    background_tasks.add_task(make_smaller, original, IMAGES / f"{id}.jpg")
    return {"small": f"/images/{id}"}


@app.get("/images/{id}")
def small(id: UUID) -> FileResponse:
    """The small one; 404 until it is there."""
    path = IMAGES / f"{id}.jpg"
    if not path.exists():
        raise HTTPException(404, "There is no small image of that id yet.")
    return FileResponse(path, media_type="image/jpeg")
