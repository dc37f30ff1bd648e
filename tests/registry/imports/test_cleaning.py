"""What nobody needs any more goes; what somebody may still apply stays."""

import os
import time
from datetime import timedelta
from pathlib import Path

from registry.database import Database
from registry.imports.cleaning import KEPT, clean
from registry.models import Import, now


async def test_old_plans_and_the_files_that_nobody_needs_go(
    committed: Database, tmp_path: Path
) -> None:
    yesterday = time.time() - 2 * 24 * 3600
    for name in ("open", "applied", "old", "fresh"):
        (tmp_path / name).write_text(name)
        if name != "fresh":
            os.utime(tmp_path / name, (yesterday, yesterday))
    states = {"open": "planned", "applied": "applied", "old": "planned"}
    async with committed.session() as session:
        for name, state in states.items():
            run = Import(
                id=name,
                filename=name,
                format="csv",
                path=str(tmp_path / name),
                checksum=name,
                state=state,
            )
            if name == "old":
                run.created_at = now() - KEPT - timedelta(hours=1)
            session.add(run)
    assert await clean(committed, tmp_path) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"open", "fresh"}
    async with committed.session() as session:
        old = await session.get(Import, "old")
        assert old is not None
        assert old.state == "cancelled"
    assert await clean(committed, tmp_path / "missing") == 0
