"""Run by Tryton's own Python: a company with accounts, a tax, a fiscal year, and a user who may sell.

Prints one line of JSON: that user's password and application key.
"""

from __future__ import annotations

import json
import secrets
import sys
from datetime import date
from decimal import Decimal
from typing import Any

from proteus import Model, config  # type: ignore[import-not-found]  # installed beside Tryton only
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, create_tax, get_accounts  # type: ignore[import-not-found]  # as above
from trytond.modules.account_invoice.tests.tools import create_payment_term, set_fiscalyear_invoice_sequences  # type: ignore[import-not-found]  # as above
from trytond.modules.company.tests.tools import create_company, get_company  # type: ignore[import-not-found]  # as above


def main(database: str, config_file: str, currency: str) -> None:
    """Set the database up; arguments as the caller wrote them."""
    config.set_trytond(database, config_file=config_file)
    create_company(currency=currency)
    for code in {"CHF", "EUR", "NOK", "PLN", "SEK", "USD"} - {currency}:
        other = Model.get("currency.currency")(name=code, symbol=code, code=code)
        other.rates.new(date=date(1990, 1, 1), rate=Decimal(1))  # any rate will do: nothing is converted
        other.save()
    create_chart()
    set_fiscalyear_invoice_sequences(create_fiscalyear()).click("create_period")
    create_payment_term().save()
    for unit in Model.get("product.uom").find([("symbol", "in", ["m", "kg"])]):
        unit.digits, unit.rounding = 3, 0.001
        unit.save()
    print(json.dumps(_users() | _category()))  # noqa: T201  # this is how the caller hears it


def _category() -> dict[str, Any]:
    """An accounting category with a tax of 10 %: what a product needs to be sold and invoiced."""
    tax = create_tax(Decimal("0.1"))
    tax.save()
    accounts = get_accounts()
    category = Model.get("product.category")(name="Goods", accounting=True)
    category.account_expense, category.account_revenue = accounts["expense"], accounts["revenue"]
    category.customer_taxes.append(tax)
    category.save()
    (untaxed,) = category.duplicate({"name": "Goods without tax", "customer_taxes": []})
    return {"category": category.id, "untaxed_category": untaxed.id, "tax": tax.id}


def _users() -> dict[str, Any]:
    """One who may sell and keep products, and one who may only look at customers."""
    password, key = _user("orderflow", "Sales", "Product Administration", "Account Product Administration")
    stranger, stranger_key = _user("stranger")
    return {"password": password, "application_key": key, "stranger": stranger, "stranger_key": stranger_key}


def _user(login: str, *groups: str) -> tuple[str, str]:
    company = get_company()
    password = secrets.token_urlsafe(12)
    user = Model.get("res.user")(name=login, login=login, password=password)
    user.groups.extend(Model.get("res.group").find([("name", "in", groups)]))
    user.companies.append(company)
    user.company = company
    user.save()
    application = Model.get("res.user.application")(user=user, application="rest")
    application.save()
    return password, application.key


main(*sys.argv[1:])
