"""The product's constants, made shorter, so that a test need not wait for a minute."""

import importlib
import json


def change(told: str) -> None:
    """`told` is JSON: values by dotted names, as in {"afterword.stores.sqlite.gate.PATIENCE": 1}."""
    for name, value in json.loads(told).items():
        module, _, constant = name.rpartition(".")
        assert hasattr(importlib.import_module(module), constant), name
        setattr(importlib.import_module(module), constant, value)
