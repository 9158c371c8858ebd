import type { Schemas } from "../api/client";
import { Moment } from "./Moment";
import { waitsFor } from "./states";

type Delivery = Pick<Schemas["Export"], "waits_for" | "next_attempt_at" | "rests_until">;

/** What a delivery waits for, and until when, as far as that is known. */
export function WaitsFor({ delivery: { waits_for, next_attempt_at, rests_until } }: { delivery: Delivery }) {
  return (
    <>
      {waitsFor(waits_for)}
      {waits_for === "RETRY_TIME" && (
        <>
          {" "}
          <Moment at={next_attempt_at} />
        </>
      )}
      {waits_for === "TARGET_RESTS" && (
        <>
          {" "}
          <Moment at={rests_until} absolute />
        </>
      )}
    </>
  );
}
