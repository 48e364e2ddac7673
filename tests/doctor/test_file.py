"""Where the store's file is."""

import os
from pathlib import Path

import pytest

from afterword.doctor import file
from afterword.doctor.finding import Finding, Level


def allowed(place: Path, access: int) -> bool:
    return True


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert list(file.examine(tmp_path / "none" / "jobs.db")) == [
        Finding(
            Level.FAULT,
            f"The folder {tmp_path}/none does not exist, where the store jobs.db is to be.",
            f"mkdir -p {tmp_path}/none",
        )
    ]


def test_a_network(tmp_path: Path) -> None:
    assert list(file.network(tmp_path / "jobs.db", lambda folder: "nfs4")) == [
        Finding(
            Level.FAULT,
            f"The store at {tmp_path}/jobs.db cannot be used: its directory is on a network file system (nfs4), where the"
            " processes of several machines would destroy each other's writes without noticing.",
            "Put the file on a local disk, or use PostgreSQL, which is made for several machines.",
        )
    ]
    assert list(file.network(tmp_path / "jobs.db", lambda folder: "ext4")) == []


@pytest.mark.parametrize("name", ["", "jobs.db", "jobs.db.run"])
def test_what_this_user_may_not_do(tmp_path: Path, name: str) -> None:
    (tmp_path / "jobs.db").touch()
    (tmp_path / "jobs.db.run").mkdir()
    place = tmp_path / name
    assert list(file.rights(tmp_path / "jobs.db", lambda asked, access: asked != place or not access & os.W_OK)) == [
        Finding(
            Level.FAULT,
            f"This user (number {os.geteuid()}) may not read and write {place}.",
            "Start everything as the user whom it belongs to, or give it to this one with chown.",
        )
    ]


def test_the_folder_of_locks_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "jobs.db.run").touch()
    assert list(file.rights(tmp_path / "jobs.db", allowed)) == [
        Finding(
            Level.FAULT,
            f"{tmp_path}/jobs.db.run is no folder, and is to hold the locks of the processes.",
            f"Move it away: mv {tmp_path}/jobs.db.run {tmp_path}/jobs.db.run.old",
        )
    ]


def test_the_store_is_a_folder(tmp_path: Path) -> None:
    assert list(file.rights(tmp_path, allowed)) == [
        Finding(
            Level.FAULT,
            f"The store at {tmp_path} is a folder.",
            'Name a file in it, for example store="sqlite:///afterword.db".',
        )
    ]


def test_a_disk_that_is_nearly_full() -> None:
    assert list(file.space(Path("/srv"), 99_900_000)) == [
        Finding(
            Level.WARNING,
            "The disk of /srv has 99.9 MB left; when it is full, requests get a 503.",
            "Make room there, or put the store on another disk.",
        )
    ]
    assert list(file.space(Path("/srv"), 100_000_000)) == []


def test_a_log_that_nobody_copies(tmp_path: Path) -> None:
    with (tmp_path / "jobs.db-wal").open("wb") as log:
        log.truncate(80_000_000)
    assert list(file.examine(tmp_path / "jobs.db", lambda folder: "ext4", allowed)) == [
        Finding(
            Level.WARNING,
            f"The log {tmp_path}/jobs.db-wal has grown to 80.0 MB: it seems that nobody copies it into the file.",
            "See that a worker is alive, and that no other program keeps a transaction open on the file.",
        )
    ]
    assert list(file.swollen(tmp_path / "jobs.db-wal", 60_000_000)) == []


@pytest.mark.parametrize(
    ("bytes", "said"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (1_500_000, "1.5 MB"), (2 * 10**9, "2.0 GB")]
)
def test_sizes(bytes: int, said: str) -> None:
    assert file.size(bytes) == said
