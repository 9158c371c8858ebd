import { plural, t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";

export type Certificate = Schemas["CertificateView"];

/** Whose it is. */
export const HOLDERS: Record<Certificate["holder"], string> = {
  OURS: t`Ours`,
  PARTNER: t`The partner's`,
  CLIENT: t`Ours, to be let in`,
  AUTHORITY: t`An authority's`,
  SERVER: t`The server's host key`,
};

interface State {
  color: string;
  word: string;
  meaning: string;
}

/** How it stands: what ends without another that follows stands out. */
export function stateOf(one: Certificate, now: number): State {
  const { valid_from, valid_until, days_left, warned } = one;
  if (!one.fingerprint)
    return { color: "red", word: t`Unreadable`, meaning: t`It is no certificate in PEM, and no key` };
  if (valid_until === null || days_left === null)
    return { color: "gray", word: t`No end`, meaning: t`It counts until the server shows another` };
  if (days_left < 0)
    return warned
      ? { color: "red", word: t`Ended`, meaning: t`Nothing follows it: add the next one to the connector` }
      : { color: "gray", word: t`Ended`, meaning: t`Another one has taken over; it may be removed` };
  if (valid_from !== null && new Date(valid_from).getTime() > now)
    return { color: "blue", word: t`Not yet`, meaning: t`It counts from a later day on` };
  if (warned)
    return { color: "orange", word: t`Ends soon`, meaning: t`Nothing follows it: add the next one to the connector` };
  return { color: "green", word: t`Valid`, meaning: t`It counts, or another one follows it` };
}

/** How long it still counts, or since when it does not. */
export function leftText(days: number): string {
  if (days < 0) return plural(-days, { one: "ended # day ago", other: "ended # days ago" });
  return plural(days, { one: "# day left", other: "# days left" });
}

/** The name that people know it by, out of `CN=Acme,O=Acme GmbH`. */
export function shortName(name: string | null): string {
  const found = /(?:^|,)CN=((?:\\.|[^,\\])+)/.exec(name ?? "")?.[1];
  return (found ?? name ?? "").replace(/\\(.)/g, "$1");
}
