"""What would become of orders that were recalled, told before they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderflow.entrypoints.cli.output import NONE_FIT, err, plural, print_json, print_told
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
    if not found:
        err().print(NONE_FIT)
    for one in found:
        _tell(one)


def _tell(one: RecallOutlook) -> None:
    head = (plural(one.orders, "order"), SAYS[one.way], one.connection_name or one.connector_type)
    error = one.error
    print_told((*head, error and error.code), f"{error.message}\n{error.hint}" if error else "")
