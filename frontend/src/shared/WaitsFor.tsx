import type { Schemas } from "../api/client";
import { Moment } from "./Moment";
import { waitsFor } from "./states";

type Delivery = Pick<Schemas["Export"], "waits_for" | "waits_until">;

/** What a delivery waits for, and until when, as far as that is known. */
export function WaitsFor({ delivery: { waits_for, waits_until } }: { delivery: Delivery }) {
  return (
    <>
      {waitsFor(waits_for)}
      {waits_until && (
        <>
          {" "}
          <Moment at={waits_until} absolute={waits_for !== "RETRY_TIME"} />
        </>
      )}
    </>
  );
}
