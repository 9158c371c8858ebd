"""Run by Odoo's own Python: the company's currency, a user who may sell, and one who may not.

Prints one line of JSON: the API keys of the administrator and of both users.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import odoo  # type: ignore[import-not-found]  # installed beside Odoo only
from odoo.modules.registry import Registry  # type: ignore[import-not-found]  # as above


def main(config_file: str, database: str, currency: str) -> None:
    """Set the database up; arguments as the caller wrote them."""
    odoo.tools.config.parse_config(["-c", config_file, "-d", database])
    with Registry(database).cursor() as cursor:
        env = odoo.api.Environment(cursor, odoo.SUPERUSER_ID, {})
        currencies = env["res.currency"].with_context(active_test=False)
        others = currencies.search([("name", "in", ["CHF", "EUR", "NOK", "PLN", "SEK", "USD", currency])])
        others.active = True
        env["product.pricelist"].create([{"name": other.name, "currency_id": other.id} for other in others])
        env.company.currency_id = currencies.search([("name", "=", currency)])
        env["decimal.precision"].search([("name", "=like", "Product Unit%")]).digits = 3
        keys = {
            "admin": _key(env, env.ref("base.user_admin")),
            "seller": _key(env, _user(env, "seller", "sales_team.group_sale_salesman_all_leads")),
            "stranger": _key(env, _user(env, "stranger")),
        }
    print(json.dumps(keys))  # noqa: T201  # this is how the caller hears it


def _user(env: Any, login: str, *groups: str) -> Any:
    ids = [env.ref(name).id for name in ("base.group_user", *groups)]
    return env["res.users"].create({"name": login, "login": login, "group_ids": [(6, 0, ids)]})


def _key(env: Any, user: Any) -> Any:
    return env["res.users.apikeys"].with_user(user).sudo()._generate("rpc", "OrderFlow", None)  # noqa: SLF001  # Odoo offers no other way without a browser


main(*sys.argv[1:])
