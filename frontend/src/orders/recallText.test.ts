import { describe, expect, it } from "vitest";
import { recallText } from "./recallText";

const AT = { orders: 3, connection_id: "1", connection_name: "Köln", connector_type: "X12_850", error: null };
const NONE = { code: "NEVER_SENT", message: "The ERP does not have it.", hint: "Reject the order.", details: null };

describe("recallText", () => {
  it.each([
    [{ ...AT, way: "withdrawn" as const }, "are taken back for sure: nothing of them was sent"],
    [{ ...AT, way: "taken_back" as const }, "are taken back from Köln, unless it took their files before"],
    [{ ...AT, way: "asked" as const, connection_name: null }, "are asked for at X12_850, which decides"],
    [{ ...AT, way: "refused" as const, error: NONE }, "are not recalled: The ERP does not have it. Reject the order."],
  ])("says what becomes of them", (outlook, text) => {
    expect(recallText(outlook)).toBe(text);
  });
});
