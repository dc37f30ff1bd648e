"""The convene command: reads the arguments, runs one function of web/commands, shows the result.

Results go to stdout, everything else to stderr. 0 means done, 1 that the data was refused or
something that is needed can't be had (one line says what), 2 wrong usage.
"""

import argparse
import asyncio
import os
import sys
import time
import traceback
from collections.abc import Sequence
from typing import NoReturn

from registry.errors import ConveneError, Invalid
from registry.exchange.parallel import collect_rarely
from registry.settings import settings
from web.commands import digests, exchanging, finding, learning, overlaps, people, serving, upkeep
from web.commands.console import Console


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} ({self.prog} --help says more)\n")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with every command; README's table is checked against it."""
    parser = _Parser(
        prog="convene",
        description="The registry of technical assistance against trafficking in persons.",
    )
    parser.add_argument("--version", action="version", version=f"convene {upkeep.version()}")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--json", action="store_true", help="print the result as JSON, and nothing else, on stdout"
    )
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True
    )
    for module in (serving, exchanging, finding, overlaps, learning, people, digests, upkeep):
        module.add_commands(commands, shared)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command of these arguments (those of the process by default)."""
    options = build_parser().parse_args(arguments)
    _log_to_stderr()
    if arguments is None:  # the whole process is for the command, which may be a long one
        collect_rarely()
    try:
        done: int = asyncio.run(options.run(options, Console(json=options.json)))
        sys.stdout.flush()
    except BrokenPipeError:  # `convene search | head` is nothing to complain about
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        sys.stderr.write(f"convene: {' '.join(_reason(error).split())}\n")
        return 1
    return done


def _reason(error: Exception) -> str:
    """Return what happened, in a sentence for the person at the terminal."""
    if isinstance(error, Invalid):
        return "; ".join(str(field) for field in error.errors)
    if isinstance(error, ConveneError):
        return str(error)
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"There is no file {error.filename}."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    first_line = (str(error).strip() or "no reason given").splitlines()[0][:300]
    return f"Unexpected {type(error).__name__}: {first_line}{_keep_trace()}"


def _keep_trace() -> str:
    """Write the trace where those who can mend the cause find it, and say where that is."""
    log = settings().home / "errors.log"
    try:
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(sys.argv)}\n")
            traceback.print_exc(file=file)
    except OSError:
        return ""
    return f" (the details are in {log})"


def _log_to_stderr() -> None:
    """Keep stdout for results: warnings of the parts below go to stderr."""
    import logging

    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
