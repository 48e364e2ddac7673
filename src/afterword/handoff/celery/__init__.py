"""Handing jobs to Celery: `Celery(celery_app)` at our end, `install(celery_app)` in the module that Celery's workers load."""

from afterword.handoff.celery.engine import Celery, of
from afterword.handoff.celery.install import install

__all__ = ["Celery", "install", "of"]
