"""A picture is made smaller after the answer, by another process."""

import io
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from tests.examples.stock import EXAMPLES, stock
from tests.support.processes import wait_until
from tests.system.site import Site


@pytest.mark.process
@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA")])
def test_an_uploaded_picture_is_made_smaller(site: Site, kind: str, mode: str) -> None:
    server = site.serve("images:app", "--app-dir", str(EXAMPLES))

    answer = httpx.post(f"{server.address}/images", files={"image": picture(kind, mode)})
    assert answer.status_code == 202
    small = server.address + answer.json()["small"]
    wait_until(lambda: httpx.get(small).status_code == 200, "the small picture")

    read = Image.open(io.BytesIO(httpx.get(small).content))
    assert (read.format, read.size) == ("JPEG", (320, 240))


def test_there_is_none_of_an_id_that_nobody_was_given() -> None:
    client = TestClient(stock("images").app)

    assert client.get("/images/00000000-0000-4000-8000-000000000000").status_code == 404
    assert client.get("/images/secret").status_code == 422


def test_without_its_two_lines_it_is_plain_fastapi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    client = TestClient(stock("images").app)

    small = client.post("/images", files={"image": picture("PNG", "P")}).json()["small"]

    assert Image.open(io.BytesIO(client.get(small).content)).size == (320, 240)


def picture(kind: str, mode: str) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((1600, 1200)).convert(mode).save(file, kind)
    return file.getvalue()
