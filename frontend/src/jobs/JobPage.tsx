import { plural, t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Alert, Anchor, Button, Card, Group, SegmentedControl, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { IconDownload, IconListCheck } from "@tabler/icons-react";
import { Link, useParams } from "react-router";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useJob, useJobResults, useMay, type ResultQuery } from "../api/queries";
import { Answered } from "../shared/Answered";
import { confirm } from "../shared/confirm";
import { downloadResults } from "../shared/download";
import { Empty } from "../shared/Empty";
import { count } from "../shared/format";
import { ListTable } from "../shared/ListTable";
import { OpeningRow } from "../shared/OpeningRow";
import { PageTitle } from "../shared/PageTitle";
import { Paged, useCursor } from "../shared/Pager";
import { OrderBadge, StateBadge } from "../shared/states";
import { useFilters, type Filters } from "../shared/useFilters";
import { JobBar } from "./JobBar";
import { jobText, OUTCOMES } from "./jobText";

type Job = Schemas["BulkJobReport"];

/** One job, also while it runs: the address leads back to it, whatever else was looked at. */
export default function JobPage() {
  const { id = "" } = useParams();
  const job = useJob(id);
  return <Answered query={job}>{(found) => <Whole job={found} />}</Answered>;
}

function Whole({ job }: { job: Job }) {
  const filters = useFilters();
  return (
    <>
      <PageTitle
        actions={<Actions job={job} />}
        about={t`${plural(job.total, { one: "# order", other: "# orders" })}, asked for by ${job.requested_by}`}
      >
        {jobText(job)}
      </PageTitle>
      <Stack>
        <Card>
          <JobBar job={job} />
          <Counts
            counts={{ [t`Done`]: job.done, [t`Waiting`]: job.waiting, [t`Refused`]: job.refused, [t`Left`]: job.left }}
          />
          {Object.keys(job.order_states).length > 0 && (
            <>
              <Text size="sm" c="dimmed" mt="md">
                <Trans>Where those that were asked for, or withdrawn, stand now</Trans>
              </Text>
              <Counts counts={job.order_states} />
            </>
          )}
        </Card>
        {job.cancelled_by && <Alert color="gray" title={t`Cancelled by ${job.cancelled_by}`} />}
        {job.reasons.length > 0 && <Reasons job={job} />}
        <Results job={job} filters={filters} />
      </Stack>
    </>
  );
}

function Actions({ job }: { job: Job }) {
  const may = useMay();
  const params = { params: { path: { job_id: job.id } } };
  const cancel = useAction(() => answer(api.POST("/api/v1/bulk-jobs/{job_id}/cancel", params)), { done: t`Cancelled` });
  const ask = () =>
    confirm(t`Cancel this job?`, t`What it did stays; the other orders are left as they are.`, t`Cancel the job`, () =>
      cancel.run(undefined),
    );
  return (
    <Group gap="xs">
      {job.status === "RUNNING" && may("ORDERS_PUSH") && (
        <Button variant="default" loading={cancel.isPending} onClick={ask}>
          <Trans>Cancel</Trans>
        </Button>
      )}
      <Button variant="default" leftSection={<IconDownload size={16} />} onClick={() => void downloadResults(job.id)}>
        <Trans>CSV</Trans>
      </Button>
    </Group>
  );
}

function Counts({ counts }: { counts: Record<string, number> }) {
  return (
    <SimpleGrid cols={{ base: 2, xs: 4 }} mt="sm">
      {Object.entries(counts).map(([label, orders]) => (
        <Text key={label} size="sm" className="numeric">
          {label} <b>{count(orders)}</b>
        </Text>
      ))}
    </SimpleGrid>
  );
}

function Reasons({ job }: { job: Job }) {
  return (
    <ListTable
      title={t`Why orders were refused`}
      head={
        <>
          <Table.Th>
            <Trans>Reason</Trans>
          </Table.Th>
          <Table.Th ta="right">
            <Trans>Orders</Trans>
          </Table.Th>
        </>
      }
    >
      {job.reasons.map(({ code, message, hint, orders }) => (
        <Table.Tr key={code}>
          <Table.Td>
            <Text size="sm">{message}</Text>
            <Text size="sm" c="dimmed">
              {hint}
            </Text>
          </Table.Td>
          <Table.Td ta="right">
            <Anchor
              component={Link}
              to={`/jobs/${job.id}?outcome=REFUSED&error_code=${code}`}
              aria-label={t`${plural(orders, { one: "# order", other: "# orders" })} refused: ${code}`}
              className="numeric whole"
              fw={600}
            >
              {count(orders)}
            </Anchor>
          </Table.Td>
        </Table.Tr>
      ))}
    </ListTable>
  );
}

const VIEWS = [
  { value: "", label: t`All` },
  { value: "DONE", label: t`Done` },
  { value: "WAITING", label: t`Waiting` },
  { value: "REFUSED", label: t`Refused` },
];

function Results({ job, filters }: { job: Job; filters: Filters }) {
  const cursor = useCursor();
  const outcome = filters.one("outcome") as ResultQuery["outcome"];
  const query = { outcome, error_code: filters.one("error_code"), limit: 50, cursor: cursor.cursor };
  const results = useJobResults(job.id, query);
  return (
    <div>
      <SegmentedControl
        mb="sm"
        value={outcome ?? ""}
        onChange={(value) => filters.set({ outcome: value, error_code: null })}
        data={VIEWS}
        aria-label={t`Outcome`}
      />
      <Paged query={results} cursor={cursor} none={<Empty icon={IconListCheck} title={t`No order`} />}>
        {(items) => (
          <ListTable head={<Head />}>
            {items.map((result) => (
              <Row key={result.position} result={result} />
            ))}
          </ListTable>
        )}
      </Paged>
    </div>
  );
}

function Head() {
  return (
    <>
      <Table.Th>
        <Trans>Order</Trans>
      </Table.Th>
      <Table.Th>
        <Trans>What became of it</Trans>
      </Table.Th>
      <Table.Th visibleFrom="sm">
        <Trans>It is now</Trans>
      </Table.Th>
    </>
  );
}

function Row({ result }: { result: Schemas["BulkJobResult"] }) {
  const { order_id, external_order_number, outcome, error, order_status } = result;
  const [color, meaning] = outcome ? OUTCOMES[outcome] : ["gray", t`Nothing was done to it`];
  return (
    <OpeningRow opens={`/orders/${order_id}`}>
      <Table.Td>
        <Anchor component={Link} to={`/orders/${order_id}`} fw={600} className="whole" data-row>
          {external_order_number ?? order_id.slice(0, 8)}
        </Anchor>
      </Table.Td>
      <Table.Td>
        <StateBadge color={color} meaning={meaning} word={outcome ?? "LEFT"} />
        {error?.message && (
          <Text size="xs" c="dimmed">
            {error.message} {error.hint}
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="sm">{order_status && <OrderBadge status={order_status} />}</Table.Td>
    </OpeningRow>
  );
}
