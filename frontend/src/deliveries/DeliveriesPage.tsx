import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import type { Schemas } from "../api/client";
import { Alert, Anchor, Group, SegmentedControl, Stack, Table, Text, TextInput } from "@mantine/core";
import { IconTruckDelivery } from "@tabler/icons-react";
import { Link } from "react-router";
import { useExports, useMay, type ExportQuery } from "../api/queries";
import { ConnectorFilter } from "../connectors/ConnectorFilter";
import { PageTitle } from "../shared/PageTitle";
import { Attempts } from "./Attempts";
import { DayRange } from "../shared/DayRange";
import { Empty } from "../shared/Empty";
import { GivenFilter } from "../shared/GivenFilter";
import { ListTable } from "../shared/ListTable";
import { Moment } from "../shared/Moment";
import { MoreFilters } from "../shared/MoreFilters";
import { MoveButtons } from "./MoveButtons";
import { holdsText } from "../orders/Holds";
import { OrderActions, ResolveButtons } from "../orders/OrderActions";
import { UnreadableBadge } from "../orders/UnreadableAlert";
import { OpeningRow } from "../shared/OpeningRow";
import { Paged, useCursor } from "../shared/Pager";
import { SelectAll, SelectOne, useSelection, type Selection } from "../shared/selection";
import { DeliveryBadge } from "../shared/states";
import { WaitsFor } from "../shared/WaitsFor";
import { dayStart, useFilters, useTyped, type Filters } from "../shared/useFilters";

type Export = Schemas["Export"];

const VIEWS: Record<string, { label: string; query: ExportQuery; none: string }> = {
  all: { label: t`All`, query: {}, none: t`No delivery yet` },
  waiting: { label: t`Waiting`, query: { waiting: true }, none: t`Nothing waits` },
  doubt: { label: t`In doubt`, query: { held: true }, none: t`Nothing is in doubt` },
  overdue: { label: t`Overdue`, query: { overdue: true }, none: t`The ERP owes no answer` },
  failed: { label: t`Failed`, query: { status: ["FAILED"] }, none: t`Nothing has failed` },
  attempts: { label: t`Attempts`, query: {}, none: t`No attempt yet` },
};

export default function DeliveriesPage() {
  const filters = useFilters();
  const view = filters.one("view") ?? "all";
  const query = {
    connection_id: filters.one("connection_id"),
    error_code: filters.one("error_code"),
    since: dayStart(filters.one("since")),
    until: dayStart(filters.one("until"), 1),
  };
  const routed = {
    waits_for: filters.all("waits_for") as NonNullable<ExportQuery["waits_for"]>,
    route: filters.one("route"),
  };
  const none = Object.values(query).some(Boolean) ? t`No delivery fits these filters` : VIEWS[view]?.none;
  return (
    <>
      <PageTitle
        about={t`Every delivery of every order: what is on its way, what waits and why`}
      >{t`Deliveries`}</PageTitle>
      <NeedsSomebody
        view="doubt"
        query={{ held: true }}
        title={t`Deliveries wait for your decision`}
        link={t`Show them`}
      />
      <NeedsSomebody view="overdue" query={{ overdue: true }} title={t`The ERP owes answers`} link={t`Show them`} />
      <FilterBar filters={filters} view={view} />
      {view === "attempts" ? (
        <Attempts query={query} />
      ) : (
        <Exports query={{ ...query, ...routed, ...VIEWS[view]?.query }} none={none} />
      )}
    </>
  );
}

/** What does not go on by itself, also while other deliveries are looked at. */
function NeedsSomebody({
  view,
  query,
  title,
  link,
}: {
  view: string;
  query: ExportQuery;
  title: string;
  link: string;
}) {
  const found = useExports({ ...query, limit: 1 }).data?.items.length;
  const here = useFilters().one("view") === view;
  if (!found || here) return null;
  return (
    <Alert color="orange" mb="sm" py="xs">
      <b>{title}.</b>{" "}
      <Anchor component={Link} underline="always" to={`/deliveries?view=${view}`}>
        {link}
      </Anchor>
    </Alert>
  );
}

function FilterBar({ filters, view }: { filters: Filters; view: string }) {
  const [code, type] = useTyped(filters, "error_code");
  const data = Object.entries(VIEWS).map(([value, { label }]) => ({ value, label }));
  return (
    <Stack gap="sm" mb="md">
      <div style={{ overflowX: "auto" }}>
        <SegmentedControl
          data={data}
          value={view}
          onChange={(value) => filters.set({ view: value })}
          aria-label={t`Which deliveries`}
        />
      </div>
      <Group gap="sm" align="flex-end">
        <MoreFilters
          filters={filters}
          usual={
            <>
              <ConnectorFilter filters={filters} />
              <TextInput
                label={t`Error code`}
                placeholder={t`Any`}
                value={code}
                onChange={(event) => type(event.currentTarget.value)}
              />
              <DayRange filters={filters} />
            </>
          }
        />
        <GivenFilter filters={filters} name="waits_for" color="yellow" />
        <GivenFilter filters={filters} name="route" color="indigo" />
      </Group>
    </Stack>
  );
}

function Exports({ query, none = t`There is no such view` }: { query: ExportQuery; none: string | undefined }) {
  const cursor = useCursor();
  const exports = useExports({ ...query, limit: 50, cursor: cursor.cursor });
  return (
    <Paged query={exports} cursor={cursor} none={<Empty icon={IconTruckDelivery} title={none} />}>
      {(items) => <ExportTable exports={items} />}
    </Paged>
  );
}

function ExportTable({ exports }: { exports: Export[] }) {
  const acts = useMay()("ORDERS_PUSH");
  const movable = exports.filter(isMovable);
  const selection = useSelection(movable.map(({ id }) => id));
  const selecting = movable.length > 0 ? selection : undefined;
  const chosen = movable.filter(({ id }) => selection.has(id));
  return (
    <>
      {selecting && (
        <Group mb="sm" gap="xs" mih={30}>
          <Text size="sm" c="dimmed">
            {chosen.length
              ? t`${chosen.length} selected`
              : t`Select waiting deliveries to move them to another connector`}
          </Text>
          {chosen.length > 0 && <MoveButtons exports={chosen} onDone={() => selection.setAll(false)} />}
        </Group>
      )}
      <ListTable head={<Head selection={selecting} />}>
        {exports.map((each) => (
          <Row key={each.id} row={each} acts={acts} selection={selecting} />
        ))}
      </ListTable>
    </>
  );
}

function Head({ selection }: { selection: Selection | undefined }) {
  return (
    <>
      {selection && <SelectAll selection={selection} label={t`Select all that wait on this page`} />}
      <Table.Th>
        <Trans>Order</Trans>
      </Table.Th>
      <Table.Th visibleFrom="sm">
        <Trans>Connector</Trans>
      </Table.Th>
      <Table.Th visibleFrom="md">
        <Trans>Requested</Trans>
      </Table.Th>
      <Table.Th>
        <Trans>State</Trans>
      </Table.Th>
    </>
  );
}

/** What can be withdrawn can be moved as well: surely nothing of it was sent. */
function isMovable({ actions }: Export): boolean {
  return actions.includes("withdraw");
}

function Row({ row, acts, selection }: { row: Export; acts: boolean; selection: Selection | undefined }) {
  const name = row.external_order_number ?? row.draft_order_id.slice(0, 8);
  return (
    <OpeningRow
      opens={`/orders/${row.draft_order_id}`}
      bg={row.overdue || row.waits_for === "DECISION" ? "var(--mantine-color-orange-light)" : undefined}
    >
      {selection && (
        <SelectOne selection={selection} id={isMovable(row) ? row.id : undefined} label={t`Select ${name}`} />
      )}
      <Table.Td>
        <Anchor component={Link} to={`/orders/${row.draft_order_id}`} fw={600} className="whole" data-row>
          {name}
        </Anchor>
        {row.erp_order_id && (
          <Text size="xs" c="dimmed" className="numeric whole">
            {row.erp_order_id}
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="sm">{row.connection_name ?? row.connector_type}</Table.Td>
      <Table.Td visibleFrom="md">
        <Moment at={row.created_at} />
      </Table.Td>
      <Table.Td>
        <Group gap="xs" justify="space-between">
          <div className="grows">
            <DeliveryBadge {...row} />
            <UnreadableBadge answer={row.unreadable_answer} />
            <Why row={row} />
          </div>
          {acts && (
            <Group gap={6}>
              <Actions row={row} name={name} />
            </Group>
          )}
        </Group>
      </Table.Td>
    </OpeningRow>
  );
}

function Why({ row }: { row: Export }) {
  const reasons = new Set([row.connector_error?.message, row.error?.message]);
  return (
    <Text size="xs" c="dimmed" component="div">
      {row.waits_for && (
        <div>
          <WaitsFor delivery={row} />
        </div>
      )}
      {row.waits_for === "HOLD" && <div>{holdsText(row.holds)}</div>}
      {row.overdue && (
        <Text span size="xs" fw={600} className="overdue">
          <Trans>
            No answer since <Moment at={row.sent_at} />
          </Trans>
        </Text>
      )}
      {[...reasons].map((reason) => reason && <div key={reason}>{reason}</div>)}
    </Text>
  );
}

function Actions({ row, name }: { row: Export; name: string }) {
  const { actions } = row;
  if (row.status === "FAILED" && row.order_status !== "ERROR")
    return (
      <Text size="xs" c="dimmed">
        <Trans>retried since</Trans>
      </Text>
    );
  const inDoubt = actions.includes("resolve_delivered");
  const offered = ROW_ACTIONS.filter((action) => actions.includes(action) && !(inDoubt && action === "confirm"));
  return (
    <>
      <ResolveButtons delivery={row} actions={actions} size="xs" />
      <OrderActions id={row.draft_order_id} name={name} actions={offered} former={row.connection_id} size="xs" />
    </>
  );
}

/** What is about the delivery; what is about the order's content is on the order's page. */
const ROW_ACTIONS: Schemas["OrderAction"][] = ["retry", "withdraw", "confirm"];
