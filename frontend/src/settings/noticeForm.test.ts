import { expect, test } from "vitest";
import { bodyOf, isSilent, labelOf, storedForm } from "./noticeForm";

const HERE = { zone: "Europe/Berlin", language: "de" };
const NOTHING = {
  mail: false,
  webhook_url: null,
  signed: false,
  first: false,
  mine: false,
  digest_at: null,
  quiet: null,
  time_zone: "UTC",
  language: "en",
  mail_possible: true,
  ways: [],
  version: 1,
};

test("who never chose begins with the zone and the language of the browser", () => {
  expect(storedForm(NOTHING, HERE).value).toMatchObject({ time_zone: "Europe/Berlin", language: "de" });
  expect(storedForm({ ...NOTHING, version: 2 }, HERE).value).toMatchObject({ time_zone: "UTC", language: "en" });
});

test("what is stored comes back as it was, and what is empty is not wanted", () => {
  const view = { ...NOTHING, webhook_url: "https://x.example/", digest_at: "07:00", version: 2 };
  const quiet = { start: "20:00", end: "07:00" };
  const { mail_possible, signed, ways, version, ...body } = { ...view, quiet };
  expect([mail_possible, signed, ways, version]).toEqual([true, false, [], 2]);
  expect(bodyOf(storedForm({ ...view, quiet }, HERE).value)).toEqual(body);
  const { value } = storedForm(view, HERE);
  expect(bodyOf({ ...value, webhook_url: " ", digest_at: "", quiet_start: "20:00" })).toMatchObject({
    webhook_url: null,
    digest_at: null,
    quiet: null,
  });
});

test("a wish without a way is silence, and so is a way without a wish", () => {
  const { value } = storedForm(NOTHING, HERE);
  expect(isSilent(value)).toBe(false);
  expect(isSilent({ ...value, first: true })).toBe(true);
  expect(isSilent({ ...value, mail: true })).toBe(true);
  expect(isSilent({ ...value, mail: true, digest_at: "07:00" })).toBe(false);
});

test("fields are called as the form calls them", () => {
  expect(labelOf("quiet.start")).toBe("Quiet from");
  expect(labelOf("something")).toBe("something");
});
