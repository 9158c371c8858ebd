"""What would become of orders that were recalled, told before they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderflow.entrypoints.cli.output import NONE_FIT, print_json, print_table
from orderflow.entrypoints.cli.workplace import Workplace

if TYPE_CHECKING:
    from orderflow.storage.views.chosen import Chosen
    from orderflow.storage.views.recalls import RecallOutlook

SAYS = {
    "withdrawn": "taken back for sure: nothing was sent",
    "taken_back": "renamed away, unless the ERP took the file before",
    "asked": "the ERP is asked, and decides",
    "refused": "not recalled",
}


def tell_recall_outlook(place: Workplace, chosen: Chosen, *, json: bool) -> None:
    """Tell how many orders would be taken back for sure, asked for, or not, and why not. Nothing is done."""
    from orderflow.storage.views.recalls import recall_outlook  # with it comes SQLAlchemy, too slow for `--help`
    from orderflow.storage.views.view import plain

    with place.app.store.work(place.org_id) as work:
        found = recall_outlook(place.wiring, work, work.view, chosen)
    if json:
        print_json([plain(one) for one in found])
        return
    columns = {"orders": "orders", "what": "would be", "at": "at", "code": "code", "message": "because", "hint": "do"}
    print_table([_row(one) for one in found], columns, empty=NONE_FIT)


def _row(one: RecallOutlook) -> dict[str, object]:
    why = {"code": one.error.code, "message": one.error.message, "hint": one.error.hint} if one.error else {}
    return {"orders": one.orders, "what": SAYS[one.way], "at": one.connection_name or one.connector_type, **why}
