import { expect, test } from "vitest";
import { after, before, placed, placeOf } from "./place";

const FIRST = placeOf(new URLSearchParams("status=ERROR"));

test("one goes on and back through a list, and the address says where one is", () => {
  const second = after(FIRST, "c2");
  const third = after(second, "c3");
  expect(placed(new URLSearchParams("status=ERROR"), third).toString()).toBe("status=ERROR&page=3&after=c3");
  expect(before(third)).toEqual(second);
  expect(before(second)).toEqual(FIRST);
  expect(placed(new URLSearchParams("q=a&page=3&after=c3"), FIRST).toString()).toBe("q=a");
});

test("a place is read back from the address, with the way that led there", () => {
  const params = new URLSearchParams("page=3&after=c3");
  expect(placeOf(params, ["c2", "c3"])).toEqual({ page: 3, cursor: "c3", trail: ["c2", "c3"] });
  expect(before(placeOf(params, ["c2", "c3"])).cursor).toBe("c2");
});

test("who opens a link knows the page, and comes back to the first one", () => {
  const linked = placeOf(new URLSearchParams("page=3&after=c3"));
  expect(linked).toEqual({ page: 3, cursor: "c3", trail: ["c3"] });
  expect(before(linked)).toEqual(FIRST);
  expect(after(linked, "c4").page).toBe(4);
});

test("a way that led to another page does not count", () => {
  expect(placeOf(new URLSearchParams("page=2&after=other"), ["c2"]).trail).toEqual(["other"]);
});

test.each(["", "0", "-1", "x", "1.5"])("a page %s that cannot be is the second one", (page) => {
  expect(placeOf(new URLSearchParams({ page, after: "c" })).page).toBe(2);
  expect(placeOf(new URLSearchParams({ page })).page).toBe(1);
});
