"""Findings on their way between two processes."""

import pytest

from afterword.doctor.finding import Finding, Level, dump, load


def test_they_come_back_as_they_went() -> None:
    findings = [Finding(level, "what\nit is: ü", "mend it") for level in Level]
    assert load(dump(findings)) == findings
    assert "\n" not in dump(findings)


@pytest.mark.parametrize(
    "line", ["", "hello", "{}x", "[1]", '[{"level": "awful", "what": "", "mend": ""}]', '[{"level": "fine"}]', "3"]
)
def test_anything_else_is_none(line: str) -> None:
    with pytest.raises(ValueError):
        load(line)
