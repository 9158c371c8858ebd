"""A bucket as a channel: nobody sees half a file, nothing is overwritten, after any break an order is there once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from orderflow.channels.bucket import uploads
from orderflow.channels.bucket.session import BucketSession
from orderflow.channels.bucket.settings import BucketSettings
from orderflow.channels.channel import Parcel, Ready
from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.domain import clock
from orderflow.domain.delivery import Delivery, Document, ExportResult
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TargetChangedError,
    UnavailableError,
)
from orderflow.domain.ids import new_id
from orderflow.domain.reach import Reach, within
from orderflow.domain.states import OrderStatus
from orderflow.http import Answer, HttpClient
from orderflow.net import allowed
from orderflow.testing.engine import MemoryEngine, an_order
from tests.integration.channels.bucket_store import Bucket, running_store
from tests.integration.channels.cutting_proxy import CuttingProxy


@pytest.fixture(scope="module")
def store() -> Iterator[Any]:
    with running_store() as running:
        yield running


@pytest.fixture
def bucket(store: Any) -> Bucket:
    return Bucket(*store.get_host_and_port())


@pytest.fixture
def connector() -> Iterator[DropzoneJsonV1Connector]:
    made = DropzoneJsonV1Connector()
    yield made
    made.close()


def session(config: dict[str, Any]) -> BucketSession:
    return BucketSession(
        BucketSettings.model_validate({name: value for name, value in config.items() if name != "mode"})
    )


def parcel(content: bytes = b"order 1", name: str = "order_1.json") -> Parcel:
    document = Document(name, content, "application/json", "orderflow_export_json_v1")
    return Parcel(new_id(), document, Delivery(new_id(), clock.now(), document=document))


def staged(opened: BucketSession, item: Parcel) -> Ready:
    ((_, outcome),) = opened.stage([item])
    assert isinstance(outcome, Ready), outcome
    return outcome


def published(opened: BucketSession, item: Ready) -> ExportResult | ConnectorError:
    ((_, outcome),) = opened.publish([item])
    return outcome


def test_nobody_sees_an_order_before_it_is_published_and_then_it_is_whole(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PART", 5 * 1024 * 1024)
    content = bytes(range(256)) * 45_000
    opened, item = session(bucket.config), parcel(content)
    ready = staged(opened, item)
    assert (bucket.objects(), bucket.uploads()) == ({}, ["out/orders/order_1.json"])
    result = published(opened, ready)
    assert isinstance(result, ExportResult)
    assert (result.inferred, bucket.objects(), bucket.uploads()) == (False, {"order_1.json": content}, [])
    head = bucket.s3.head_object(Bucket=bucket.name, Key="out/orders/order_1.json")
    assert head["ContentType"] == "application/json"


@pytest.mark.parametrize("taken", [False, True], ids=["it lies there", "it was taken"])
def test_a_recovery_completes_what_was_not_and_never_what_was(bucket: Bucket, *, taken: bool) -> None:
    item = parcel()
    ready = staged(session(bucket.config), item)
    first = published(session(bucket.config), ready)  # of another process
    if taken:
        assert bucket.take() == [b"order 1"]
    again = published(session(bucket.config), ready)
    assert isinstance(first, ExportResult)
    assert isinstance(again, ExportResult)
    assert (first.inferred, again.inferred) == (False, True)
    assert list(bucket.objects()) == ([] if taken else ["order_1.json"])


def test_an_upload_that_the_store_may_have_given_up_itself_is_doubt(bucket: Bucket) -> None:
    item = parcel()
    ready = staged(session(bucket.config), item)
    session(bucket.config).discard([ready])
    item.delivery.requested_at -= timedelta(hours=21)
    assert isinstance(published(session(bucket.config), ready), InDoubtError)


def test_what_somebody_else_has_put_there_is_never_overwritten(bucket: Bucket) -> None:
    opened, item = session(bucket.config), parcel()
    ready = staged(opened, item)
    bucket.put("out/orders/order_1.json", b"theirs")
    refused = published(opened, ready)
    assert isinstance(refused, RejectedError)
    assert (refused.code, bucket.objects()) == ("TARGET_EXISTS", {"order_1.json": b"theirs"})


def test_the_same_order_that_is_there_already_was_delivered(bucket: Bucket) -> None:
    opened, item = session(bucket.config), parcel()
    assert isinstance(published(opened, staged(opened, item)), ExportResult)
    again = published(opened, staged(opened, item))
    assert isinstance(again, ExportResult)
    assert (again.inferred, bucket.uploads()) == (True, [])


def test_a_connection_that_points_elsewhere_now_says_so(bucket: Bucket, store: Any) -> None:
    ready = staged(session(bucket.config), parcel())
    other = Bucket(*store.get_host_and_port())
    assert isinstance(published(session(other.config), ready), TargetChangedError)


def test_leftovers_are_found_and_what_is_staged_is_known_by_its_address(bucket: Bucket) -> None:
    opened = session(bucket.config)
    ready, left = staged(opened, parcel()), staged(opened, parcel(name="order_2.json"))
    found = {leftover.reference: leftover for leftover in opened.leftovers()}
    assert found["order_1.json"].path == ready.address
    opened.remove_leftovers([found["order_2.json"]])
    assert bucket.uploads() == ["out/orders/order_1.json"]
    assert left.address not in [leftover.path for leftover in opened.leftovers()]


@pytest.mark.parametrize("hours", [2, 25])
def test_what_is_given_up_while_its_attempt_lives_never_counts_as_published(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    item, frozen, clearing_up = parcel(), session(bucket.config), session(bucket.config)
    item.delivery.requested_at -= timedelta(hours=hours)
    ready = staged(frozen, item)
    monkeypatch.setattr(uploads, "_age", lambda *_: hours * 3600.0)
    clearing_up.remove_leftovers(list(clearing_up.leftovers()))
    outcome = published(frozen, ready)
    assert isinstance(outcome, ExportResult if bucket.objects() else InDoubtError)
    assert list(bucket.objects()) == (["order_1.json"] if hours == 2 else [])


def test_where_the_store_ignores_the_condition_a_second_look_is_held_for_a_person(bucket: Bucket) -> None:
    item = parcel()
    ready = staged(session(bucket.config), item)
    item.delivery.in_doubt = True
    assert isinstance(published(session(bucket.config | {"conditional_writes": False}), ready), InDoubtError)
    assert isinstance(published(session(bucket.config), ready), ExportResult)


PAGE = b"<html><body>Sign in to the network</body></html>"


def answering(monkeypatch: pytest.MonkeyPatch, asked: str, body: bytes) -> None:
    """Have requests of a kind answered with a 200 and this, by whatever stands before the store."""
    send = HttpClient.send

    def instead(self: HttpClient, method: str, url: str, **more: Any) -> Answer:
        here = asked in f"{method} {url}"
        return Answer(200, content=body) if here else send(self, method, url, **more)

    monkeypatch.setattr(HttpClient, "send", instead)


@pytest.mark.parametrize("said", [b"", PAGE, b"half <", b"[]"])
def test_a_200_that_does_not_name_the_object_leaves_in_doubt_whether_it_was_published(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    opened, item = session(bucket.config), parcel()
    ready = staged(opened, item)
    with monkeypatch.context() as broken:
        answering(broken, "POST http", said)
        assert isinstance(published(opened, ready), InDoubtError)
    again = published(opened, ready)
    assert isinstance(again, ExportResult)
    assert (again.inferred, list(bucket.objects())) == (False, ["order_1.json"])


@pytest.mark.parametrize(
    "said", [b"", PAGE, b"half <", b"<ListPartsResult><IsTruncated>true</IsTruncated></ListPartsResult>"]
)
def test_whatever_else_answers_with_a_200_stages_and_publishes_nothing(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    ready = staged(session(bucket.config), parcel())
    answering(monkeypatch, "GET http", said)
    assert isinstance(published(session(bucket.config), ready), UnavailableError)
    assert bucket.uploads() == ["out/orders/order_1.json"]
    answering(monkeypatch, "POST http", said)
    ((_, outcome),) = session(bucket.config).stage([parcel(name="order_2.json")])
    assert isinstance(outcome, UnavailableError)


UNFOLDS = '<!DOCTYPE R [<!ENTITY x "in/answers/ack_1.json">]>'
ONE = "<Key>%s</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified>"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", ["", "\n", "<?xml version='1.0'?>"])
def test_no_answer_of_a_store_unfolds(
    bucket: Bucket, connector: DropzoneJsonV1Connector, monkeypatch: pytest.MonkeyPatch, before: str, encoding: str
) -> None:
    """A few kilobytes of entities would be gigabytes of text."""
    body = f"{before}{UNFOLDS}<R><Contents>{ONE % '&x;'}</Contents></R>".encode(encoding)
    answering(monkeypatch, "list-type=2", body)
    with pytest.raises(UnavailableError, match="the answer cannot be read"):
        list(connector.poll_acks(bucket.config, []))


@pytest.mark.parametrize(
    "said", [UNFOLDS.encode() + b"<Error><Code>&x;</Code></Error>", b"<!DOCTYPE html><p>No way", b"<R>" + b" " * 70_000]
)
def test_what_is_wrong_is_known_by_its_status_where_nothing_more_is_read(
    bucket: Bucket, connector: DropzoneJsonV1Connector, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(HttpClient, "send", lambda *_, **__: Answer(403, content=said))
    with pytest.raises(NeedsAttentionError) as caught:
        list(connector.poll_acks(bucket.config, []))
    assert caught.value.code == "PERMISSION_DENIED"


@pytest.mark.parametrize("part", ["Contents", "Nothing"])
def test_a_list_that_never_ends_is_not_read_for_ever(
    bucket: Bucket, connector: DropzoneJsonV1Connector, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    one = "<Key>in/answers/ack_1</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified>"
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken>"
    answering(monkeypatch, "list-type=2", f"<R>{more}<{part}>{one}</{part}></R>".encode())
    with pytest.raises(NeedsAttentionError, match="its list never ended"):
        list(connector.poll_acks(bucket.config, []))


def test_it_says_whether_an_order_is_there(bucket: Bucket) -> None:
    opened, item = session(bucket.config), parcel()
    with pytest.raises(InDoubtError):
        opened.find(item)
    published(opened, staged(opened, item))
    assert opened.find(item) is not None
    with pytest.raises(InDoubtError):
        opened.find(parcel(b"another"))


@pytest.mark.parametrize("encryption", [{"encryption": "AES256"}, {"encryption": "aws:kms", "kms_key": "alias/orders"}])
def test_the_store_encrypts_as_the_connection_says(bucket: Bucket, encryption: dict[str, str]) -> None:
    opened = session(bucket.config | encryption)
    published(opened, staged(opened, parcel()))
    head = bucket.s3.head_object(Bucket=bucket.name, Key="out/orders/order_1.json")
    assert head["ServerSideEncryption"] == encryption["encryption"]


def test_a_good_test_leaves_nothing_behind(bucket: Bucket, connector: DropzoneJsonV1Connector) -> None:
    result = connector.test_connection(bucket.config)
    assert result.success, result.error_message
    assert "orders: nothing is overwritten" in result.details["steps"]
    assert (bucket.objects(""), bucket.uploads()) == ({}, [])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"bucket": "not-there-at-all"}, "BUCKET_MISSING"),
        ({"endpoint": "http://127.0.0.1:1"}, "TARGET_UNAVAILABLE"),
        ({"endpoint": "http://127.0.0.1:1/path"}, "CONFIG_INVALID"),
        ({"endpoint": "http://127.0.0.1:1", "plain_http": False}, "CONFIG_INVALID"),
        ({"secret_key": None}, "CONFIG_INVALID"),
        ({"credentials": "role"}, "CONFIG_INVALID"),
        ({"credentials": "role", "endpoint": None}, "BUCKET_NOT_ALLOWED"),
        ({"region": "evil.example/"}, "CONFIG_INVALID"),
    ],
)
def test_a_test_says_what_is_wrong(
    bucket: Bucket, connector: DropzoneJsonV1Connector, wrong: dict[str, Any], code: str
) -> None:
    result = connector.test_connection(bucket.config | wrong)
    assert (result.success, result.details["code"]) == (False, code), result.error_message
    assert "s3cret-k3y" not in repr(result)


def test_a_store_that_overwrites_although_it_is_told_not_to_is_found(
    bucket: Bucket, connector: DropzoneJsonV1Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = uploads.Uploads.complete

    def ignoring(self: uploads.Uploads, upload: uploads.Upload, parts: uploads.Parts) -> bool | None:
        bucket.s3.delete_object(Bucket=bucket.name, Key=upload.key)
        return complete(self, upload, parts)

    monkeypatch.setattr(uploads.Uploads, "complete", ignoring)
    result = connector.test_connection(bucket.config)
    assert (result.success, result.details["code"]) == (False, "CONDITION_IGNORED")
    assert connector.test_connection(bucket.config | {"conditional_writes": False}).success


def test_the_guard_of_addresses_holds(
    bucket: Bucket, connector: DropzoneJsonV1Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowed, "_rules", allowed.Rules())
    with within(Reach("acme", restricted=True)):
        result = connector.test_connection(bucket.config)
    assert result.details["code"] == "ADDRESS_NOT_ALLOWED"


def test_the_machines_role_is_for_listed_buckets_of_the_organization_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = (allowed.RoleBucket.parse("acme:orders/in"), allowed.RoleBucket.parse("acme:documents"))
    monkeypatch.setattr(allowed, "_rules", allowed.Rules(role_buckets=listed, own_bucket="documents"))
    allowed.check_role_bucket("orders", "in", Reach("acme"))
    allowed.check_role_bucket("orders", "/in/erp/", Reach("acme", restricted=True))
    for bucket, folder, organization in (
        ("orders", "in", "globex"),
        ("orders", "inside", "acme"),
        ("orders", "/", "acme"),
        ("documents", "x", "acme"),
        ("others", "in", "acme"),
        ("orders", "in", ""),
    ):
        with pytest.raises(NeedsAttentionError):
            allowed.check_role_bucket(bucket, folder, Reach(organization))


def test_answers_are_read_from_a_prefix_and_put_away(bucket: Bucket, connector: DropzoneJsonV1Connector) -> None:
    engine, order, refused = MemoryEngine(connector, bucket.config), an_order(), an_order()
    engine.push(order, refused)
    engine.run()
    assert (order.status, sorted(bucket.objects())) == (OrderStatus.PUSHED, sorted(names(engine, order, refused)))
    yes, no = names(engine, order, refused)
    bucket.put(f"in/answers/ack_{yes}", b'{"status": "ACKED", "erp_order_id": "SO-7"}')
    bucket.put(f"in/answers/ack_{no}", b"garbage")
    bucket.put("in/answers/deeper/ack_x", b"{}")
    assert engine.poll() == {"acknowledge": 1, "unreadable": 1}
    assert (order.status, order.erp_order_id) == (OrderStatus.CONFIRMED, "SO-7")
    away = set(bucket.objects("in/answers/"))
    assert away == {f"processed/ack_{yes}", f"error/ack_{no}", f"error/ack_{no}.reason.txt", "deeper/ack_x"}


@pytest.mark.large
def test_answers_on_several_pages_of_the_list_are_all_read(bucket: Bucket, connector: DropzoneJsonV1Connector) -> None:
    orders = [an_order() for _ in range(1_050)]
    engine = MemoryEngine(connector, bucket.config)
    engine.push(*orders)
    engine.run()
    for name in names(engine, *orders):
        bucket.put(f"in/answers/ack_{name}", b'{"status": "ACKED"}')
    read = Counter[str]()
    while found := engine.poll():
        read += Counter(found)
    assert read["acknowledge"] == len(orders)
    assert {order.status for order in orders} == {OrderStatus.CONFIRMED}


def names(engine: MemoryEngine, *orders: Any) -> list[str]:
    return [str(engine.delivered(order).export.filename) for order in orders]


def test_a_worker_that_dies_loses_and_doubles_nothing(bucket: Bucket, connector: DropzoneJsonV1Connector) -> None:
    engine, order = MemoryEngine(connector, bucket.config), an_order()
    engine.push(order)
    engine.crash()
    taken = bucket.take()
    engine.run()
    assert (order.status, len(taken + bucket.take()), bucket.uploads()) == (OrderStatus.PUSHED, 1, [])
    assert engine.delivered(order).export.status == "SENT"


@pytest.mark.parametrize("step", [701, pytest.param(61, marks=pytest.mark.large)])
@pytest.mark.parametrize("takes", [False, True], ids=["it lies there", "it is taken"])
def test_a_line_that_breaks_anywhere_loses_and_doubles_nothing(
    bucket: Bucket, connector: DropzoneJsonV1Connector, step: int, *, takes: bool
) -> None:
    with CuttingProxy(bucket.port) as proxy:
        whole = MemoryEngine(connector, bucket.through(proxy.port))
        whole.push(an_order())
        whole.run()
        length = len(proxy.sent)
        bucket.take()
        for cut_after in range(0, length, step):
            connector.close()
            proxy.sent.clear()
            proxy.cut_after = cut_after
            engine, order = MemoryEngine(connector, bucket.through(proxy.port)), an_order()
            engine.push(order)
            engine.crash()
            taken = bucket.take() if takes else []
            for _ in range(3):
                engine.run()
                engine.test()
            taken += bucket.take()
            assert (cut_after, order.status, len(taken)) == (cut_after, OrderStatus.PUSHED, 1)
