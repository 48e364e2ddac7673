"""Asking an application, for commands that end where it cannot answer."""

import subprocess

import typer

from afterword import asking
from afterword.asking import question
from afterword.discovery import Target
from afterword.launch import Launch
from afterword.worker.recruit import Recruit


def ask(target: Target) -> Launch:
    """What the application says its worker is to be told.

    Raises typer.Exit when it cannot be imported; that process has said why.
    """
    asked = question(target, stdout=subprocess.DEVNULL)
    with asked.process, asked.stream:  # Of the two, the stream ends first, and the process by that.
        return answer(asked)


def answer(asked: Recruit) -> Launch:
    """The same, of one that was asked before."""
    answered = asking.answer(asked)
    if answered is None:
        raise typer.Exit(2)
    return answered
