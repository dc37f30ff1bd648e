"""What /proc says of other processes."""

from pathlib import Path


def children_of(process: int) -> list[int]:
    """Return the processes that a process has begun; none where it is gone."""
    found: list[int] = []
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found += map(int, file.read_text().split())
        except OSError:  # gone meanwhile
            continue
    return found


def runs(process: int) -> bool:
    """Tell whether a process is there and does something yet."""
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False
