"""What is said of one record is kept short, however much is wrong with it."""

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.permissions import COMMAND_LINE
from tests.builders import an_organisation
from tests.registry.exchange.files import an_activity, an_iati_file
from tests.registry.imports.planned import plan_import


async def test_of_thousands_of_remarks_on_one_record_a_hundred_are_kept(
    session: AsyncSession,
) -> None:
    await an_organisation(session, "Sida")
    odd = '<recipient-country code="??"/>' * 3_000
    activity = an_activity("SE-1", "Against trafficking in persons", more=odd)
    plan = await plan_import(session, COMMAND_LINE, an_iati_file(activity))
    (item,) = plan.items
    assert item.outcome == "created"
    assert len(item.warnings) == 101
    assert "further remarks" in str(item.warnings[-1].message)
