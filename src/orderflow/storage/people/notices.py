"""What users want to be told, and who is to be told now, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.errors import EncryptionError, NotFoundError
from orderflow.domain.ids import new_id
from orderflow.domain.notices import QuietHours, Wanted
from orderflow.flow.people.notices import UNSIGNED, NoticeChoice, Signing, Way, WayState
from orderflow.flow.people.tell_people import LEASE_SECONDS, MOST_IN_AN_HOUR, Group, Look, Notice, Watcher
from orderflow.flow.tell import GIVE_UP_DAYS, Outcome
from orderflow.secrets.encryption import EncryptionService
from orderflow.storage.database import Database
from orderflow.storage.records import as_json
from orderflow.storage.views.needs import MOST_GROUPS, Need, needs
from orderflow.storage.views.view import View

EVERY = 60
"""Seconds between two looks at an organization."""

# The user's row stands for what they have not chosen yet, so that two first choices come one after the other.
_LOCK = text("SELECT id FROM app_user WHERE id = :user_id AND org_id = :org_id FOR NO KEY UPDATE")
_WANTED = "c.first, c.mine, c.digest_at, c.quiet_from, c.quiet_to, c.time_zone, c.language"
_GET = text(f"""
    SELECT {_WANTED}, c.mail, c.webhook_url, c.version,
           EXISTS (SELECT FROM notice_secret s WHERE s.user_id = c.user_id) AS signed
    FROM notice_choice c WHERE c.user_id = :user_id
""")  # noqa: S608  # from a constant
_WAYS = text("SELECT way, sent_at, error, stopped_at FROM notice_way WHERE user_id = :user_id ORDER BY way")
_PUT = text("""
    INSERT INTO notice_choice AS c (user_id, org_id, version, first, mine, digest_at, quiet_from, quiet_to, time_zone,
                                    language, mail, webhook_url, next_look_at)
    VALUES (:user_id, :org_id, 2, :first, :mine, :digest_at, :quiet_from, :quiet_to, :time_zone, :language, :mail,
            :webhook_url, CASE WHEN :looks THEN now() END)
    ON CONFLICT (user_id) DO UPDATE SET
        version = c.version + 1, first = excluded.first, mine = excluded.mine, digest_at = excluded.digest_at,
        quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, time_zone = excluded.time_zone,
        language = excluded.language, mail = excluded.mail, webhook_url = excluded.webhook_url,
        next_look_at = excluded.next_look_at
""")
_PUT_WAY = text("""
    INSERT INTO notice_way AS w (user_id, way, org_id, told_at, digested_at)
    VALUES (:user_id, :way, :org_id, now(), now())
    ON CONFLICT (user_id, way) DO UPDATE SET
        told_at = CASE WHEN :anew THEN now() ELSE w.told_at END,
        digested_at = CASE WHEN :anew OR :digest_anew THEN now() ELSE w.digested_at END,
        attempts = 0, failing_since = NULL, next_attempt_at = now(), lease_token = NULL, error = NULL, stopped_at = NULL
""")
_SIGN = text("""
    INSERT INTO notice_secret (user_id, org_id, sealed, key_id) VALUES (:user_id, :org_id, :sealed, :key_id)
    ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, key_id = excluded.key_id
""")
_SIGNING = text("SELECT sealed, key_id FROM notice_secret WHERE user_id = :user_id")
_UNSIGN = text("DELETE FROM notice_secret WHERE user_id = :user_id")
_DROP_WAYS = text("DELETE FROM notice_way WHERE user_id = :user_id AND NOT way = ANY(:ways)")
# A group that comes back within an hour was never away. Where there are more groups than are looked at, none is gone.
_SEE = text("""
    WITH present AS (
        SELECT key, assigned_to, assigned_by
        FROM jsonb_to_recordset(CAST(:present AS jsonb)) AS p(key text, assigned_to text, assigned_by text)
    ), gone AS (
        UPDATE need_seen s SET gone_at = now()
        WHERE s.org_id = :org_id AND s.gone_at IS NULL AND :whole AND s.key NOT IN (SELECT key FROM present)
    )
    INSERT INTO need_seen AS s (org_id, key, new_at, assigned_to, assigned_by, assigned_at)
    SELECT :org_id, key, now(), assigned_to, assigned_by, CASE WHEN assigned_to IS NOT NULL THEN now() END
    FROM present ORDER BY key
    ON CONFLICT (org_id, key) DO UPDATE SET
        new_at = CASE WHEN s.gone_at < now() - interval '1 hour' THEN now() ELSE s.new_at END, gone_at = NULL,
        assigned_to = excluded.assigned_to,
        assigned_by = CASE WHEN excluded.assigned_to IS NOT DISTINCT FROM s.assigned_to THEN s.assigned_by
                           ELSE excluded.assigned_by END,
        assigned_at = CASE WHEN excluded.assigned_to IS NOT DISTINCT FROM s.assigned_to THEN s.assigned_at
                           WHEN excluded.assigned_to IS NOT NULL THEN now() END
    WHERE s.gone_at IS NOT NULL OR s.assigned_to IS DISTINCT FROM excluded.assigned_to
""")
_FORGET = text("DELETE FROM need_seen WHERE org_id = :org_id AND gone_at < now() - interval '1 day'")
_SEEN = text("SELECT key, new_at, assigned_to, assigned_at, assigned_by FROM need_seen WHERE org_id = :org_id")
_TEST = text("""
    UPDATE notice_choice SET tested_at = now()
    WHERE user_id = :user_id AND (tested_at IS NULL OR tested_at < now() - interval '1 minute') RETURNING user_id
""")
# An hour ahead is no time that we wrote: the clock was put back since.
DUE = "c.next_look_at IS NOT NULL AND (c.next_look_at <= now() OR c.next_look_at > now() + interval '1 hour')"
_BEGIN = text(f"""
    UPDATE notice_choice c SET next_look_at = now() + interval '{EVERY} seconds'
    WHERE c.org_id = :org_id AND {DUE}
""")  # noqa: S608  # from constants
# Nobody who could not sign in and look for themselves.
_MAY_LOOK = """
    u.active AND (NOT g.second_factor_required OR EXISTS (
        SELECT FROM second_factor f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL))
"""
_WATCHERS = text(f"""
    SELECT c.user_id, u.email, w.way, c.webhook_url AS address, {_WANTED}, w.told_at, w.digested_at, w.sent_at,
           w.attempts, s.sealed, s.key_id
    FROM notice_choice c LEFT JOIN notice_secret s ON s.user_id = c.user_id
    JOIN notice_way w ON w.user_id = c.user_id JOIN app_user u ON u.id = c.user_id
    JOIN organization g ON g.id = c.org_id
    WHERE c.org_id = :org_id AND c.next_look_at IS NOT NULL AND {_MAY_LOOK}
      AND w.stopped_at IS NULL AND w.next_attempt_at <= now()
    ORDER BY w.sent_at NULLS FIRST, w.user_id, w.way
""")  # noqa: S608  # from constants
_ABOUT = text("""
    SELECT now() AS at, g.slug, g.name,
           (SELECT count(*) FROM notice_way w WHERE w.org_id = g.id AND w.sent_at > now() - interval '1 hour') AS lately
    FROM organization g WHERE g.id = :org_id
""")
_CLAIM = text(f"""
    UPDATE notice_way w SET lease_token = :token, next_attempt_at = now() + interval '{LEASE_SECONDS:.0f} seconds'
    FROM app_user u JOIN organization g ON g.id = u.org_id
    WHERE w.user_id = :user_id AND w.way = :way AND u.id = w.user_id AND {_MAY_LOOK}
      AND w.told_at = :told_at AND w.digested_at = :digested_at AND w.stopped_at IS NULL AND w.next_attempt_at <= now()
    RETURNING w.user_id
""")  # noqa: S608  # from constants
_TAKEN = text("""
    UPDATE notice_way SET
        told_at = :at, digested_at = CASE WHEN :digest THEN :at ELSE digested_at END,
        sent_at = CASE WHEN :sent THEN now() ELSE sent_at END, attempts = 0, failing_since = NULL, error = NULL,
        next_attempt_at = now(), lease_token = NULL
    WHERE user_id = :user_id AND way = :way AND lease_token = :token
""")
# The installation's own mail server is never given up; an address that somebody typed in is.
_NOT_TAKEN = text(f"""
    UPDATE notice_way SET
        attempts = attempts + 1, failing_since = COALESCE(failing_since, now()), error = CAST(:error AS jsonb),
        next_attempt_at = now() + make_interval(secs => :wait), lease_token = NULL,
        stopped_at = CASE WHEN way = 'webhook' AND (
            :gone OR failing_since < now() - interval '{GIVE_UP_DAYS} days') THEN now() END
    WHERE user_id = :user_id AND way = :way AND lease_token = :token
""")  # noqa: S608  # from a constant


def bind(org_id: UUID, user_id: UUID) -> bytes:
    """Return the associated data of one user's secret: sealed with it, it opens for nobody else."""
    return b"orderflow/notice_secret/1\0" + org_id.bytes + user_id.bytes


class SqlNotices:
    """`flow.people.notices.Notices` of one organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID, encryption: EncryptionService) -> None:
        self._connection = connection
        self._org_id = org_id
        self._encryption = encryption

    def get(self, user_id: UUID) -> NoticeChoice:
        """Return and lock what a user chose. Raises NotFoundError if there is no such user."""
        user = {"user_id": user_id, "org_id": self._org_id}
        if self._connection.execute(_LOCK, user).first() is None:
            raise NotFoundError(f"There is no user {user_id} in this organization.")
        row = self._connection.execute(_GET, {"user_id": user_id}).mappings().one_or_none()
        if row is None:
            return NoticeChoice()
        ways = (WayState(**way) for way in self._connection.execute(_WAYS, {"user_id": user_id}).mappings())
        return NoticeChoice(_wanted(row), row["mail"], row["webhook_url"], row["signed"], row["version"], tuple(ways))

    def version(self, user_id: UUID) -> int:
        """Lock what a user chose, and return its version. Raises NotFoundError."""
        return self.get(user_id).version

    def put(self, user_id: UUID, choice: NoticeChoice, anew: Collection[Way], *, digest_anew: bool) -> None:
        """Store it, and try each way again that is chosen. Where it has no webhook, there is no secret any more."""
        wanted, place = choice.wanted, {"user_id": user_id, "org_id": self._org_id}
        values = {name: getattr(wanted, name) for name in ("first", "mine", "digest_at", "time_zone", "language")}
        values |= {"quiet_from": wanted.quiet and wanted.quiet.start, "quiet_to": wanted.quiet and wanted.quiet.end}
        values |= {"mail": choice.mail, "webhook_url": choice.webhook_url}
        values["looks"] = wanted.anything and bool(choice.by)
        self._connection.execute(_PUT, values | place)
        self._connection.execute(_DROP_WAYS, {"user_id": user_id, "ways": list(choice.by)})
        if "webhook" not in choice.by:
            self._connection.execute(_UNSIGN, {"user_id": user_id})
        for way in choice.by:
            changes = {"way": way, "anew": way in anew, "digest_anew": digest_anew}
            self._connection.execute(_PUT_WAY, place | changes)

    def sign(self, user_id: UUID, secret: str) -> None:
        """Keep what signs the webhook's notices from now on."""
        sealed = self._encryption.encrypt_config({"secret": secret}, bind(self._org_id, user_id))
        place = {"user_id": user_id, "org_id": self._org_id}
        self._connection.execute(_SIGN, place | {"sealed": sealed, "key_id": self._encryption.key_id})

    def signing(self, user_id: UUID) -> Signing:
        """Return what signs the notices that a user's webhook gets."""
        row = self._connection.execute(_SIGNING, {"user_id": user_id}).mappings().one_or_none()
        return UNSIGNED if row is None else _opened(self._encryption, self._org_id, user_id, row)

    def look(self) -> None:
        """Note which groups there are now, so that those are new that come from now on."""
        _see(self._connection, self._org_id)

    def may_test(self, user_id: UUID) -> bool:
        """Return whether a user may try now whether notices arrive, which is once a minute, and note that they do."""
        return self._connection.execute(_TEST, {"user_id": user_id}).first() is not None


class SqlNoticeOutbox:
    """`flow.people.tell_people.Outbox` on PostgreSQL."""

    def __init__(self, database: Database, encryption: EncryptionService) -> None:
        self._database = database
        self._encryption = encryption

    def look(self, org_id: UUID) -> Look | None:
        """Look what is there, and note what is new; None if another process does, or there is nobody to tell."""
        with self._database.transaction(org_id) as connection:
            place = {"org_id": org_id}
            if not connection.execute(_BEGIN, place).rowcount:
                return None
            watchers = [self._watcher(org_id, row) for row in connection.execute(_WATCHERS, place).mappings()]
            if not watchers:
                return None
            groups = _see(connection, org_id)
            about = connection.execute(_ABOUT, place).one()
            room = max(0, MOST_IN_AN_HOUR - about.lately)
            return Look(about.at, org_id, about.slug, about.name, groups, watchers, room)

    def _watcher(self, org_id: UUID, row: Mapping[Any, Any]) -> Watcher:
        names = ("user_id", "email", "way", "told_at", "digested_at", "sent_at", "attempts")
        watcher = Watcher(**{name: row[name] for name in names}, address=None, wanted=_wanted(row))
        if row["way"] != "webhook":
            return watcher
        signing = _opened(self._encryption, org_id, row["user_id"], row) if row["sealed"] else UNSIGNED
        return replace(watcher, address=row["address"], signing=signing)

    def claim(self, look: Look, watcher: Watcher) -> UUID | None:
        """Take a way; None: it is another's, or was changed."""
        token = new_id()
        values = {"told_at": watcher.told_at, "digested_at": watcher.digested_at, "token": token}
        with self._database.transaction(look.org_id) as connection:
            return token if connection.execute(_CLAIM, values | _key(watcher)).first() else None

    def settle(self, look: Look, watcher: Watcher, token: UUID, notice: Notice, outcome: Outcome, wait: float) -> None:
        """Note what became of a notice, unless the way was changed meanwhile."""
        values: dict[str, Any] = {**_key(watcher), "token": token}
        with self._database.transaction(look.org_id) as connection:
            if outcome.taken:
                done = {"at": look.at, "digest": notice.digest, "sent": bool(notice.groups)}
                connection.execute(_TAKEN, values | done)
            else:
                failed = {"error": as_json(outcome.error), "wait": wait, "gone": outcome.gone}
                connection.execute(_NOT_TAKEN, values | failed)


def _see(connection: Connection, org_id: UUID) -> list[Group]:
    """Note which groups there are, and return them with since when."""
    found = needs(View(connection, org_id)).items
    marks = {need.key: need.mark for need in found}
    present = [
        {"key": key, "assigned_to": mark and mark.assigned_to, "assigned_by": mark and mark.marked_by}
        for key, mark in marks.items()
    ]
    whole = len(found) < MOST_GROUPS
    connection.execute(_SEE, {"org_id": org_id, "present": as_json(present), "whole": whole})
    connection.execute(_FORGET, {"org_id": org_id})
    return _groups(found, connection.execute(_SEEN, {"org_id": org_id}).mappings().all())


def _groups(found: Sequence[Need], rows: Sequence[Mapping[Any, Any]]) -> list[Group]:
    seen = {row["key"]: row for row in rows}
    return [
        Group(
            need.key,
            str(need.kind),
            need.code,
            need.connection_id,
            need.connection_name,
            need.orders,
            seen[need.key]["new_at"],
            need.snoozed,
            seen[need.key]["assigned_to"],
            seen[need.key]["assigned_at"],
            seen[need.key]["assigned_by"],
        )
        for need in found
    ]


def _opened(encryption: EncryptionService, org_id: UUID, user_id: UUID, row: Mapping[Any, Any]) -> Signing:
    try:
        opened = encryption.decrypt_config(bytes(row["sealed"]), bind(org_id, user_id), row["key_id"])
    except EncryptionError:
        return Signing(lost=True)
    return Signing(opened["secret"])


def _wanted(row: Mapping[Any, Any]) -> Wanted:
    start, end = row["quiet_from"], row["quiet_to"]
    quiet = QuietHours(start, end) if start is not None and end is not None else None
    return Wanted(row["first"], row["mine"], row["digest_at"], quiet, row["time_zone"], row["language"])


def _key(watcher: Watcher) -> dict[str, Any]:
    return {"user_id": watcher.user_id, "way": watcher.way}
