import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Anchor, Table, Text } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { useJobs } from "../api/queries";
import { Empty } from "../shared/Empty";
import { count } from "../shared/format";
import { Head, type Column } from "../shared/Head";
import { ListTable } from "../shared/ListTable";
import { Moment } from "../shared/Moment";
import { OpeningRow } from "../shared/OpeningRow";
import { PageTitle } from "../shared/PageTitle";
import { Paged, useCursor } from "../shared/Pager";
import { jobText } from "./jobText";
import { JobBar } from "./JobBar";

export default function JobsPage() {
  const cursor = useCursor();
  const jobs = useJobs({ limit: 50, cursor: cursor.cursor });
  return (
    <>
      <PageTitle about={t`What was done to many orders at once, newest first`}>{t`Bulk jobs`}</PageTitle>
      <Paged query={jobs} cursor={cursor} none={<None />}>
        {(items) => (
          <ListTable head={<Head columns={COLUMNS} />}>
            {items.map((job) => (
              <Row key={job.id} job={job} />
            ))}
          </ListTable>
        )}
      </Paged>
    </>
  );
}

const COLUMNS: Column[] = [
  [t`What`],
  [t`Orders`],
  [t`Progress`, { visibleFrom: "sm" }],
  [t`By`, { visibleFrom: "md" }],
  [t`Since`, { visibleFrom: "sm" }],
];

function Row({ job }: { job: Schemas["BulkJob"] }) {
  return (
    <OpeningRow opens={`/jobs/${job.id}`}>
      <Table.Td>
        <Anchor component={Link} to={`/jobs/${job.id}`} fw={600} data-row>
          {jobText(job)}
        </Anchor>
      </Table.Td>
      <Table.Td className="numeric whole">
        {count(job.total)}
        {job.refused > 0 && (
          <Text size="xs" c="var(--mantine-color-error)">
            <Trans>{count(job.refused)} refused</Trans>
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <JobBar job={job} />
      </Table.Td>
      <Table.Td visibleFrom="md">{job.requested_by}</Table.Td>
      <Table.Td visibleFrom="sm">
        <Moment at={job.created_at} />
      </Table.Td>
    </OpeningRow>
  );
}

function None() {
  return (
    <Empty icon={IconStack2} title={t`Nothing was done to many orders yet`}>
      <Trans>Filter the orders, then choose “All found”.</Trans>
    </Empty>
  );
}
