import { describe, expect, it } from "vitest";
import { draftOf, hoursOf, minuteOf, spanText, wallText, type Hours } from "./hours";

const HOURS: Hours = {
  time_zone: "Europe/Berlin",
  weekly: { mon: ["08:00-12:00", "13:00-17:00"], fri: ["22:00-06:00+1"] },
  holidays: { country: "DE", subdivision: "BY" },
  closed_days: ["2026-12-24"],
};

describe("a form of opening hours", () => {
  it("gives back what was stored", () => {
    expect(hoursOf(draftOf(HOURS))).toEqual(HOURS);
  });

  it("stands for no hours until somebody wants some", () => {
    const none = draftOf(null);
    expect(hoursOf(none)).toBeNull();
    expect(hoursOf({ ...none, always: false })?.weekly.mon).toEqual(["08:00-17:00"]);
  });

  it("takes what is typed as it is, however it is set apart, so that faults can be told", () => {
    const typed = { ...draftOf(HOURS), closed: "2026-12-24;\n tomorrow", country: null };
    typed.week.mon = " 8-12 ,13:00-17:00";
    expect(hoursOf(typed)).toEqual({
      time_zone: "Europe/Berlin",
      weekly: { mon: ["8-12", "13:00-17:00"], fri: ["22:00-06:00+1"] },
      closed_days: ["2026-12-24", "tomorrow"],
    });
  });
});

describe("times", () => {
  it("are those of the clock on the wall there", () => {
    expect(wallText("2026-11-30T08:00:00+05:45")).toMatch(/^Mon,? 30 Nov 08:00$/);
    expect(minuteOf("2026-11-30T08:30:00+05:45", "2026-11-30")).toBe(510);
  });

  it("end a day at 24:00", () => {
    const night = { begins_at: "2026-11-30T22:00:00+01:00", ends_at: "2026-12-01T00:00:00+01:00" };
    expect(spanText(night, "2026-11-30")).toBe("22:00–24:00");
  });
});
