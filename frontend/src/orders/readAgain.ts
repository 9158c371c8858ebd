import { t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";

type Read = Pick<Schemas["Export"], "status" | "erp_order_id" | "error" | "unreadable_answer">;

export interface Outcome {
  /** The answer is understood, and the order goes on. */
  settled: boolean;
  text: string;
}

/** What came of reading an answer again, in one sentence. */
export function readAgainOutcome({ status, erp_order_id, error, unreadable_answer }: Read): Outcome {
  if (status === "ACKED")
    return {
      settled: true,
      text: erp_order_id ? t`The ERP confirmed it as ${erp_order_id}.` : t`The ERP confirmed it.`,
    };
  if (status === "FAILED")
    return { settled: true, text: t`The ERP refused it: ${error?.message ?? t`without a reason`}` };
  if (unreadable_answer) return { settled: false, text: t`It still cannot be read. ${unreadable_answer.reason ?? ""}` };
  return { settled: false, text: t`It is being read now; what it says shows here in a moment.` };
}
