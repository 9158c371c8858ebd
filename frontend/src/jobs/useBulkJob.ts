import { plural, t } from "@lingui/core/macro";
import { useNavigate } from "react-router";
import { answer, api, type Schemas } from "../api/client";
import { useAction } from "../api/queries";

export type JobBody = Schemas["BulkJobBody"];

/** Begin to do something to many orders; what does not go well at once is told on a page of its own. */
export function useBulkJob(onDone?: () => void, quiet = false) {
  const navigate = useNavigate();
  return useAction((body: JobBody) => answer(api.POST("/api/v1/bulk-jobs", { body })), {
    quiet,
    done: (job) => (went(job) ? t`Done for ${plural(job.done, { one: "# order", other: "# orders" })}` : undefined),
    onDone: (job) => {
      onDone?.();
      if (!went(job)) void navigate(`/jobs/${job.id}`);
    },
  });
}

function went({ done, total }: Schemas["BulkJob"]): boolean {
  return done === total;
}
