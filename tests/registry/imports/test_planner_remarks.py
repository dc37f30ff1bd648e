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


async def test_a_reference_stays_with_the_organisation_that_had_it_first(
    session: AsyncSession,
) -> None:
    told = (("1", "Ministry A", "XX-A"), ("2", "Ministry B", "XX-B"), ("3", "Ministry A", "XX-B"))
    title = "Against trafficking in persons"
    data = an_iati_file(*(an_activity(n, f"{title} {n}", org, ref) for n, org, ref in told))
    plan = await plan_import(session, COMMAND_LINE, data)
    assert [(item.organisation, item.organisation_ref) for item in plan.items] == [
        ("Ministry A", "XX-A"),
        ("Ministry B", "XX-B"),
        ("Ministry A", None),
    ]
