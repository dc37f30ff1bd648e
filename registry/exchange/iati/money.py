"""The budget of an activity: its budgets, or else its transactions, summed per currency."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from lxml import etree

from registry.exchange.iati.codes import table
from registry.messages import Message, message

Element = etree._Element

_INCOMING_COMMITMENT = "11"
_COMMITMENT = "2"
_SPENT = ("3", "4")  # disbursement, expenditure
_INCOMING = "1"


def budget_of(element: Element) -> tuple[Decimal | None, str | None, Message | None]:
    """Return (amount, currency, what to say about it).

    Budgets count first; a revised budget replaces the original of its period. Without any:
    commitments, else what was spent, else what came in. Of several currencies the activity's own
    is taken, and the others are named.
    """
    default = (element.get("default-currency") or "").strip().upper()
    sums = _sums(_budgets(element), default)
    if not sums:
        sums = next((s for s in _transactions(element, default) if s), {})
    sums = {currency: amount for currency, amount in sums.items() if amount > 0}
    if not sums:
        return None, None, None
    currency = default if default in sums else max(sums, key=lambda code: sums[code])
    others = {code: amount for code, amount in sums.items() if code != currency}
    said = None
    if others:
        said = message(
            "There are amounts in other currencies too, which the budget does not count: {others}.",
            others=", ".join(f"{code or '?'} {amount}" for code, amount in others.items()),
        )
    return sums[currency], currency or None, said


def _budgets(element: Element) -> list[Element]:
    """Return the budgets that count: for each period the revised one, if there is one."""
    by_period: dict[tuple[str, str], list[Element]] = defaultdict(list)
    for budget in element.findall("budget"):
        by_period[(_day(budget, "period-start"), _day(budget, "period-end"))].append(budget)
    chosen = []
    for budgets in by_period.values():
        revised = [b for b in budgets if (b.get("type") or "").lower() in ("2", "revised")]
        chosen += revised[-1:] or budgets
    return chosen


def _day(budget: Element, name: str) -> str:
    period = budget.find(name)
    return "" if period is None else (period.get("iso-date") or "").strip()


def _transactions(element: Element, default: str) -> Iterable[dict[str, Decimal]]:
    by_type: dict[str, list[Element]] = defaultdict(list)
    for transaction in element.findall("transaction"):
        kind = transaction.find("transaction-type")
        code = "" if kind is None else (kind.get("code") or "").strip()
        by_type[table("transaction_types").get(code, code)].append(transaction)
    yield _sums(by_type[_COMMITMENT], default)
    yield _sums([t for code in _SPENT for t in by_type[code]], default)
    yield _sums(by_type[_INCOMING_COMMITMENT], default)
    yield _sums(by_type[_INCOMING], default)


def _sums(holders: Iterable[Element], default: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for holder in holders:
        value = holder.find("value")
        if value is None:
            continue
        text = "".join(str(part) for part in value.itertext()).strip().replace(",", "")
        try:
            amount = Decimal(text)
        except InvalidOperation:
            continue
        if amount.is_finite() and abs(amount) < Decimal(10) ** 15:
            sums[(value.get("currency") or "").strip().upper() or default] += amount
    return dict(sums)
