"""`afterword`, and `python -m afterword`: the command, or a word on how to get it."""

import sys


def main() -> None:
    try:
        from afterword.cli import command
    except ModuleNotFoundError as missing:
        if missing.name != "typer":
            raise
        sys.stderr.write('To use the afterword command, install "afterword[standard]".\n')
        sys.exit(2)
    command()


if __name__ == "__main__":
    main()
