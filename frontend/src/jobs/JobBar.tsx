import { Progress, Text } from "@mantine/core";
import type { Schemas } from "../api/client";
import { phrase } from "../shared/format";
import { jobText, through } from "./jobText";

/** How far a job is: what was done, what waits and what was refused, beside what is left. */
export function JobBar({ job }: { job: Schemas["BulkJob"] }) {
  const share = (orders: number) => (job.total ? (100 * orders) / job.total : 0);
  return (
    <div
      role="progressbar"
      aria-label={jobText(job)}
      aria-valuenow={through(job)}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <Progress.Root size="lg">
        <Progress.Section value={share(job.done)} color="green" withAria={false} />
        <Progress.Section value={share(job.waiting)} color="yellow" withAria={false} />
        <Progress.Section value={share(job.refused)} color="red" withAria={false} />
      </Progress.Root>
      <Text size="xs" c="dimmed" className="numeric">
        {job.status === "RUNNING" ? `${through(job)} %` : phrase(job.status)}
      </Text>
    </div>
  );
}
