import { Alert, Anchor, Card, Checkbox, Group, SegmentedControl, Select, Stack, Table, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconTruckDelivery } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { useConnectors, useExports, useMay, type ExportQuery } from "../api/queries";
import { Answered } from "../components/Answered";
import { PageTitle } from "../components/AppFrame";
import { Attempts } from "../components/Attempts";
import { Empty } from "../components/Empty";
import { Moment } from "../components/Moment";
import { MoveButton } from "../components/MoveButton";
import { ConfirmButton, PushButton, ResolveButtons, WithdrawButton } from "../components/OrderActions";
import { Pager, useCursor } from "../components/Pager";
import { StatusBadge, waitsFor } from "../components/StatusBadge";
import { useFilters } from "../components/useFilters";

type Export = Schemas["Export"];
type Filters = ReturnType<typeof useFilters>;

const VIEWS: Record<string, { label: string; query: ExportQuery }> = {
  all: { label: "All", query: {} },
  waiting: { label: "Waiting", query: { waiting: true } },
  doubt: { label: "In doubt", query: { held: true } },
  overdue: { label: "Overdue", query: { overdue: true } },
  failed: { label: "Failed", query: { status: ["FAILED"] } },
  attempts: { label: "Attempts", query: {} },
};

export default function DeliveriesPage() {
  const filters = useFilters();
  const view = filters.one("view") ?? "all";
  const query = { connection_id: filters.one("connection_id"), error_code: filters.one("error_code") };
  return (
    <>
      <PageTitle about="Every delivery of every order: what is on its way, what waits and why">Deliveries</PageTitle>
      <Overdue />
      <FilterBar filters={filters} view={view} />
      {view === "attempts" ? <Attempts query={query} filter={filters.key} /> : <Exports query={{ ...query, ...VIEWS[view]?.query }} filter={filters.key} />}
    </>
  );
}

function Overdue() {
  const overdue = useExports({ overdue: true, limit: 1 }).data?.items.length;
  if (!overdue) return null;
  return (
    <Alert color="orange" mb="md" title="The ERP owes answers">
      <Anchor component={Link} to="/deliveries?view=overdue" size="sm">Show what it should have answered by now</Anchor>
    </Alert>
  );
}

function FilterBar({ filters, view }: { filters: Filters; view: string }) {
  const connectors = useConnectors().data ?? [];
  const [code, setCode] = useState(filters.one("error_code") ?? "");
  const search = useDebouncedCallback((error_code: string) => filters.set({ error_code }), 300);
  const data = Object.entries(VIEWS).map(([value, { label }]) => ({ value, label }));
  return (
    <Stack gap="sm" mb="md">
      <div style={{ overflowX: "auto" }}>
        <SegmentedControl data={data} value={view} onChange={(value) => filters.set({ view: value })} aria-label="Which deliveries" />
      </div>
      <Group gap="sm" align="flex-end">
        <Select label="Connector" placeholder="Any" clearable value={filters.one("connection_id") ?? null}
          data={connectors.map(({ id, name, display_name }) => ({ value: id, label: name ?? display_name }))}
          onChange={(connection_id) => filters.set({ connection_id })} clearButtonProps={{ "aria-label": "Clear the connector" }} />
        <TextInput label="Error code" placeholder="Any" value={code} onChange={(event) => {
          setCode(event.currentTarget.value);
          search(event.currentTarget.value.trim());
        }} />
      </Group>
    </Stack>
  );
}

function Exports({ query, filter }: { query: ExportQuery; filter: string }) {
  const cursor = useCursor(filter);
  const exports = useExports({ ...query, limit: 50, cursor: cursor.current });
  return (
    <Answered query={exports}>
      {(page) => page.items.length === 0 ? <Empty icon={IconTruckDelivery} title="There is nothing here">No delivery fits what you chose.</Empty> : (
        <>
          <ExportTable exports={page.items} />
          <Pager cursor={cursor} next={page.next_cursor} />
        </>
      )}
    </Answered>
  );
}

function ExportTable({ exports }: { exports: Export[] }) {
  const may = useMay();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const acts = may("ORDERS_PUSH");
  const movable = exports.filter(({ status }) => status === "PENDING");
  const chosen = movable.filter(({ id }) => selected.has(id));
  const toggle = (id: string, on: boolean) => setSelected(new Set(on ? [...selected, id] : [...selected].filter((each) => each !== id)));
  return (
    <>
      {acts && movable.length > 0 && (
        <Group mb="sm" gap="xs">
          <Text size="sm" c="dimmed">{chosen.length ? `${chosen.length} selected` : "Select waiting deliveries to move them to another connector"}</Text>
          {chosen.length > 0 && <MoveButton exports={chosen} onDone={() => setSelected(new Set())} />}
        </Group>
      )}
      <Card padding={0}>
        <Table.ScrollContainer minWidth={360} type="native">
          <Table>
            <Table.Thead>
              <Table.Tr>
                {acts && movable.length > 0 && <Table.Th w={40}><Text span size="xs" className="visually-hidden">Selected</Text></Table.Th>}
                <Table.Th>Order</Table.Th><Table.Th>State</Table.Th><Table.Th visibleFrom="sm">Connector</Table.Th><Table.Th visibleFrom="md">Requested</Table.Th>
                {acts && <Table.Th ta="right">Actions</Table.Th>}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {exports.map((each) => (
                <Row key={each.id} row={each} acts={acts} selected={acts && movable.length > 0 ? selected.has(each.id) : undefined} onSelect={(on) => toggle(each.id, on)} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Card>
    </>
  );
}

function Row({ row, acts, selected, onSelect }: { row: Export; acts: boolean; selected: boolean | undefined; onSelect: (on: boolean) => void }) {
  const name = row.external_order_number ?? row.draft_order_id.slice(0, 8);
  return (
    <Table.Tr bg={row.overdue ? "var(--mantine-color-orange-light)" : undefined}>
      {selected !== undefined && (
        <Table.Td>{row.status === "PENDING" && <Checkbox aria-label={`Select ${name}`} checked={selected} onChange={(event) => onSelect(event.currentTarget.checked)} />}</Table.Td>
      )}
      <Table.Td>
        <Anchor component={Link} to={`/orders/${row.draft_order_id}`} fw={600} className="whole">{name}</Anchor>
        {row.erp_order_id && <Text size="xs" c="dimmed" className="numeric whole">{row.erp_order_id}</Text>}
      </Table.Td>
      <Table.Td><StatusBadge status={row.status} /><Why row={row} /></Table.Td>
      <Table.Td visibleFrom="sm">{row.connection_name ?? row.connector_type}</Table.Td>
      <Table.Td visibleFrom="md"><Moment at={row.created_at} /></Table.Td>
      {acts && <Table.Td><Group gap={6} justify="flex-end"><Actions row={row} name={name} /></Group></Table.Td>}
    </Table.Tr>
  );
}

function Why({ row }: { row: Export }) {
  return (
    <Text size="xs" c="dimmed" component="div" maw={380}>
      {row.waits_for && <div>{waitsFor(row.waits_for)}{row.waits_for === "RETRY_TIME" && <> <Moment at={row.next_attempt_at} /></>}</div>}
      {row.overdue && <Text span size="xs" fw={600} className="overdue">no answer since <Moment at={row.sent_at} /></Text>}
      {row.connector_error?.message && <div>{row.connector_error.message}</div>}
      {row.error?.message && <div>{row.error.message}</div>}
    </Text>
  );
}

function Actions({ row, name }: { row: Export; name: string }) {
  const order = { id: row.draft_order_id, name, size: "xs" };
  if (row.status === "FAILED") return <PushButton {...order} status="ERROR" />;
  if (row.status === "SENT") return <ConfirmButton {...order} status="PUSHED" />;
  if (row.status !== "PENDING") return null;
  return row.waits_for === "DECISION" ? <ResolveButtons exportId={row.id} size="xs" /> : <WithdrawButton {...order} status="PUSHING" />;
}
