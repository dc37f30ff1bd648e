"""The budget of an activity: its budgets, or else its transactions, summed per currency."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

from registry.exchange.iati.codes import table
from registry.exchange.iati.texts import Element, child_of, children_of, text_of
from registry.messages import Message, message

_INCOMING_COMMITMENT = "11"
_COMMITMENT = "2"
_SPENT = ("3", "4")  # disbursement, expenditure
_INCOMING = "1"
_LARGEST = Decimal(10) ** 15


def budget_of(
    children: dict[str, list[Element]], default_currency: str | None
) -> tuple[Decimal | None, str | None, Message | None]:
    """Return (amount, currency, what to say about it).

    Budgets count first; a revised budget replaces the original of its period. Without any:
    commitments, else what was spent, else planned disbursements, else what came in. Of several
    currencies the activity's own is taken, and the others are named.
    """
    default = (default_currency or "").strip().upper()
    for holders in _candidates(children):
        sums = {code: amount for code, amount in _sums(holders, default).items() if amount > 0}
        if sums:
            break
    else:
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


def _candidates(children: dict[str, list[Element]]) -> Iterator[Iterable[Element]]:
    """Yield the elements whose values add up to a budget, the best kind first."""
    yield _budgets(children.get("budget", ()))
    by_type: dict[str, list[Element]] = defaultdict(list)
    for transaction in children.get("transaction", ()):
        by_type[type_of(transaction)].append(transaction)
    yield by_type[_COMMITMENT]
    yield [transaction for code in _SPENT for transaction in by_type[code]]
    yield children.get("planned-disbursement", ())
    yield by_type[_INCOMING_COMMITMENT]
    yield by_type[_INCOMING]


def type_of(transaction: Element) -> str:
    """Return the code of a transaction's type, as 2.0x has it."""
    kind = child_of(transaction, "transaction-type")
    code = "" if kind is None else (kind.get("code") or "").strip()
    return table("transaction_words").get(code.lower(), code)


def is_commitment(transaction: Element) -> bool:
    """Tell whether a transaction is part of what the reporting organisation committed."""
    return type_of(transaction) == _COMMITMENT


def _budgets(budgets: Iterable[Element]) -> list[Element]:
    """Return the budgets that count: for each period the revised one, if there is one."""
    by_period: dict[tuple[str, str], list[Element]] = {}
    for budget in budgets:
        days = {"period-start": "", "period-end": ""}
        for child in reversed(children_of(budget)):  # of two of a name the first counts
            if child.tag in days:
                days[child.tag] = (child.get("iso-date") or "").strip()
        by_period.setdefault((days["period-start"], days["period-end"]), []).append(budget)
    chosen = []
    for of_period in by_period.values():
        revised = [b for b in of_period if (b.get("type") or "").lower() in ("2", "revised")]
        chosen += revised[-1:] or of_period
    return chosen


def _sums(holders: Iterable[Element], default: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for holder in holders:
        value = child_of(holder, "value")
        try:
            amount = Decimal((text_of(value) or "").replace(",", ""))
        except InvalidOperation:
            continue
        if value is not None and amount.is_finite() and abs(amount) < _LARGEST:
            currency = (value.get("currency") or "").strip().upper() or default
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    return sums
