"""Arguments that are too much or no data at all, and code that is not what it was when they were added."""

import subprocess
import sys
import time

import httpx
import pytest

from afterword.jobs.job import State
from tests.faults.conftest import Count
from tests.faults.oracle import judge
from tests.faults.strangers import APP
from tests.faults.test_kills import wait_for_a_start_after
from tests.support.processes import PATIENCE, wait_until
from tests.system.site import Site

MIB = 1 << 20
ENVELOPE = len('{"number":1,"text":""}')


@pytest.mark.fault(
    "arguments of 1 KB, of exactly as much as max_arguments allows (1 MiB), and of one byte more",
    "the first two run; the third is refused in the request, which fails with a sentence in the log, and nothing is written",
)
def test_huge_arguments(site: Site, tally: Count) -> None:
    server = site.serve(APP)
    sizes = {1: 1000, 2: MIB - ENVELOPE, 3: MIB - ENVELOPE + 1}
    answers = {
        number: httpx.post(f"{server.address}/measure/{number}", params={"size": size}, timeout=PATIENCE).status_code
        for number, size in sizes.items()
    }
    assert answers == {1: 200, 2: 200, 3: 500}
    said = (
        f"The arguments of harmful:measure take {MIB + 1} bytes as JSON; at most {MIB} are written down."
        " Store the data yourself and pass its key or path, or raise max_arguments."
    )
    wait_until(lambda: said in server.log.read_text(), "the refusal in the log")
    site.wait_until_finished(2)
    assert {entry.phase for entry in site.ledger()} == {"start", "length-1000", f"length-{MIB - ENVELOPE}", "end"}
    tally(judge(site, [1, 2], refused=[3]))


PLAIN = "Annotate it with its type, or pass plain JSON values."
BAD = {
    "nan": f"got float nan, which plain JSON does not know. {PLAIN}",
    "surrogate": "got str, which holds half a character (a lone surrogate). Pass text that UTF-8 can hold.",
    "huge": "got int, which holds a number of too many digits. Pass it as text.",
    "cycle": "got list, which nests too deeply, or contains itself. Pass data that is flatter.",
    "key": f"got int, which is a key, where JSON has only texts. {PLAIN}",
    "object": "got object, which is not plain JSON, and pydantic does not know its type. Pass plain data, for example its"
    " id, and load it inside the task.",
}


@pytest.mark.fault(
    "NaN, half a character, a number of 5,000 digits, a list that holds itself, a key that is no text, any object",
    "each is refused by add_task, with what to do, and nothing of its request is written",
)
def test_bad_arguments(site: Site, tally: Count) -> None:
    server = site.serve(APP)
    for number, (kind, refusal) in enumerate(BAD.items()):
        answer = httpx.post(f"{server.address}/bad/{kind}/{number}", timeout=PATIENCE)
        assert answer.status_code == 422, (kind, answer.text)
        assert answer.json()["detail"] == f"Argument `value` of harmful:take cannot be written down: {refusal}"
    server.add("sleep", 99)
    site.wait_until_finished(1)
    tally(judge(site, [99], refused=range(len(BAD))))


BOTH = """
import os
import constants
constants.change('{"afterword.attempt.UNKNOWN_PAUSE": 300000}')

from afterword import Afterword, BackgroundTasks
from fastapi import FastAPI
from ledger import note

app = FastAPI()
Afterword(app)


"""
KNOWN = (
    BOTH
    + """def work(number: int) -> None:
    note(number, "start")
    note(number, "end")


@app.post("/add/work/{number}")
async def add(number: int, background_tasks: BackgroundTasks) -> dict[str, str]:
    return {"id": background_tasks.add_task(work, number).id}
"""
)
OTHER_SIGNATURE = KNOWN.replace("def work(number: int)", "def work(number: int, recipient: str)")


def ask(site: Site, *arguments: str) -> str:
    command = [sys.executable, "-m", "afterword", "jobs", *arguments, "--store", site.url]
    return subprocess.run(command, cwd=site.folder, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout


@pytest.mark.fault(
    "a job whose function this code does not have, then a worker with the code",
    "it is left for a worker that knows it; `afterword jobs list` says why it waits; then it runs, and no attempt is counted",
)
def test_unknown_task(site: Site, tally: Count) -> None:
    code = site.folder / "changing.py"
    code.write_text(KNOWN)
    server = site.serve("changing:app", worker=False)
    server.add("work", 1)
    server.kill()
    code.write_text(BOTH)
    old = site.work(app="changing:app")
    wait_until(lambda: site.jobs()[1].error is not None, "what the worker has to say")
    assert "No task is called changing:work here" in ask(site, "list")
    assert site.jobs()[1].state in (State.QUEUED, State.RUNNING)
    old.terminate()
    old.wait(PATIENCE)
    code.write_text(KNOWN)
    moment = time.monotonic()
    site.work(app="changing:app")
    recovery = wait_for_a_start_after(site, moment)
    job = site.wait_until_finished(1)[1]
    assert (job.state, job.attempt) == (State.SUCCEEDED, 1)
    tally(judge(site, [1], recovery=recovery))


@pytest.mark.fault(
    "the signature of a function changes between add and run",
    "the job fails at once, and says so; mended, `afterword jobs retry` runs it",
)
def test_arguments_changed(site: Site, tally: Count) -> None:
    code = site.folder / "changing.py"
    code.write_text(KNOWN)
    server = site.serve("changing:app", worker=False)
    server.add("work", 1)
    code.write_text(OTHER_SIGNATURE)
    worker = site.work(app="changing:app")
    job = site.wait_until_finished(1)[1]
    assert (job.state, job.attempt) == (State.FAILED, 1)
    assert (job.error or "").startswith("The stored arguments of changing:work do not fit its present signature: ")
    assert "recipient" in (job.error or "")
    worker.terminate()
    worker.wait(PATIENCE)
    code.write_text(KNOWN)
    site.work(app="changing:app")
    moment = time.monotonic()
    ask(site, "retry", job.id)
    recovery = wait_for_a_start_after(site, moment)
    site.wait_until_finished(1)
    tally(judge(site, [1], recovery=recovery))
