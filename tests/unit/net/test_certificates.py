"""What settings hold of certificates and host keys: what is used, what waits, and when none is left."""

from __future__ import annotations

import datetime as dt
from typing import Any

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.channels.as2.new_keys import new_keys
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.net.certificates import Holder, certificates, held, host_keys, last_end

NOW = dt.datetime.now(dt.UTC)
SOON, LATER = (new_keys(name, NOW, days=days, bits=2048).certificate for name, days in (("soon", 10), ("later", 400)))
NEXT = new_keys("next", NOW + dt.timedelta(days=5), days=400, bits=2048).certificate
KEY = asyncssh.generate_private_key("ssh-ed25519")
LINE = KEY.export_public_key().decode().strip()


def schema(holder: Holder, **more: Any) -> dict[str, Any]:
    return {"properties": {"it": {"title": "It", "holds": holder, **more}, "mode": {"default": "a"}}}


def days(moment: dt.datetime | None) -> int:
    assert moment is not None
    return (moment - NOW).days


def test_a_certificate_says_whom_it_names_and_how_long_it_counts():
    (one,) = certificates(SOON.replace("\n", " "))
    assert (one.name, one.issuer, one.algorithm) == ("CN=soon", "CN=soon", "RSA 2048")
    assert one.counts(NOW)
    assert not one.counts(NOW + dt.timedelta(days=11))
    assert len(str(one.fingerprint).split(":")) == 32


@pytest.mark.parametrize(
    ("holder", "left", "used"),
    [
        (Holder.OURS, 399, ["CN=soon"]),
        (Holder.PARTNER, 399, ["CN=soon"]),
        (Holder.AUTHORITY, 399, ["CN=soon", "CN=later"]),
        (Holder.CLIENT, 9, ["CN=soon", "CN=later"]),
    ],
)
def test_of_several_the_first_is_used_and_the_last_one_counts_but_in_a_chain(holder, left, used):
    (found,) = held(schema(holder), {"it": SOON + NEXT + LATER})
    assert [one.name for one in found.in_use(NOW)] == used
    assert days(found.ends) in {left, left + 5}


def test_what_a_choice_leaves_out_does_not_count():
    only = schema(Holder.OURS, show_when={"mode": ["b"]})
    assert last_end(only, {"it": SOON}) is None
    assert days(last_end(only, {"it": SOON, "mode": "b"})) == 9


def test_host_keys_are_shown_by_their_fingerprints():
    shown = KEY.get_fingerprint()
    assert [one.fingerprint for one in host_keys(f"# ours\nerp.example {LINE}\n{LINE}\n{shown}\n")] == [shown] * 3
    (found,) = held(schema(Holder.SERVER), {"it": LINE})
    assert (found.ends, [one.algorithm for one in found.in_use(NOW)]) == (None, ["ssh-ed25519"])


@given(st.text())
def test_whatever_stands_there_is_no_error(text):
    for holder in Holder:
        assert last_end(schema(holder), {"it": text}) is None


def test_every_connector_that_speaks_tls_watches_its_own_certificate():
    connector = ConnectorRegistry.get("REST_JSON")
    assert days(connector.certificate_ends({"client_certificate": SOON, "ca_certificate": LATER})) == 9
    assert connector.certificate_ends({}) is None
