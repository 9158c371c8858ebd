import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { ActionIcon, Anchor, CloseButton, Group, MultiSelect, Switch, Table, Text, TextInput } from "@mantine/core";
import { IconDownload, IconFileText, IconSearch } from "@tabler/icons-react";
import { useEffect } from "react";
import { Link, useLocation } from "react-router";
import type { Schemas } from "../api/client";
import { useMay, useOrders, type OrderQuery } from "../api/queries";
import { ConnectorFilter } from "../connectors/ConnectorFilter";
import { PageTitle } from "../shared/PageTitle";
import { BulkActions } from "./BulkActions";
import { ariaSort, ColumnCell, ColumnChooser, ColumnHead, SortHead, useColumns } from "./columns";
import { ListSums } from "./ListSums";
import { SavedViews } from "./SavedViews";
import { leaveTrail } from "./trail";
import { downloadOrders } from "../shared/download";
import { DayRange } from "../shared/DayRange";
import { DiffersBadge } from "./Differences";
import { Empty } from "../shared/Empty";
import { ConfirmMany } from "./ConfirmMany";
import { ImportButton } from "./ImportButton";
import { ListTable } from "../shared/ListTable";
import { Moment } from "../shared/Moment";
import { MoreFilters } from "../shared/MoreFilters";
import { OpeningRow } from "../shared/OpeningRow";
import { Paged, useCursor } from "../shared/Pager";
import { SelectAll, SelectOne, useSelection, type Selection } from "../shared/selection";
import { GivenFilter } from "../shared/GivenFilter";
import { ORDER_STATES, OrderBadge, WAITING } from "../shared/states";
import { dayStart, useFilters, useTyped, type Filters } from "../shared/useFilters";
import { HoldsBadge, holdsText } from "./Holds";
import { UnreadableBadge } from "./UnreadableAlert";

type Summary = Schemas["OrderSummary"];
/** In the address: those whose answer from the ERP could not be read. */
const UNREADABLE = "unreadable_answer";

export default function OrdersPage() {
  const filters = useFilters();
  const cursor = useCursor();
  const may = useMay();
  const wanted: OrderQuery = {
    status: filters.all("status") as Schemas["OrderStatus"][],
    q: filters.one("q"),
    connection_id: filters.one("connection_id"),
    error_code: filters.one("error_code"),
    unreadable_answer: filters.one(UNREADABLE) === "true" || undefined,
    on_hold: filters.one("on_hold") === "true" || undefined,
    differs: filters.one("differs") === "true" || undefined,
    waits_for: filters.all("waits_for") as NonNullable<OrderQuery["waits_for"]>,
    route: filters.one("route"),
    import_id: filters.one("import_id"),
    since: dayStart(filters.one("since")),
    until: dayStart(filters.one("until"), 1),
    sort: filters.one("sort") as OrderQuery["sort"],
  };
  const columns = useColumns();
  const orders = useOrders({ ...wanted, limit: 50, cursor: cursor.cursor });
  return (
    <>
      <PageTitle
        actions={
          <>
            {may("ORDERS_PUSH") && <ConfirmMany />}
            {may("ORDERS_IMPORT") && <ImportButton />}
          </>
        }
        about={t`Every order, newest first unless you sort them`}
      >{t`Orders`}</PageTitle>
      <FilterBar filters={filters} />
      <Group mb="sm" gap="xs">
        <ListSums wanted={wanted} />
        <Group gap="xs" ml="auto">
          <SavedViews query={filters.key} />
          <ColumnChooser {...columns} />
          <ActionIcon
            variant="default"
            size={36}
            aria-label={t`Download as CSV`}
            onClick={() => downloadOrders(wanted)}
          >
            <IconDownload size={18} />
          </ActionIcon>
        </Group>
      </Group>
      <Paged query={orders} cursor={cursor} none={<None filtered={filters.key !== ""} />}>
        {(items) => <OrderTable orders={items} wanted={wanted} filters={filters} columns={columns.shown} />}
      </Paged>
    </>
  );
}

function FilterBar({ filters }: { filters: Filters }) {
  const [text, type] = useTyped(filters, "q");
  return (
    <Group mb="md" gap="sm" align="flex-end">
      <TextInput
        label={t`Search`}
        data-key="/"
        placeholder={t`Number or customer`}
        leftSection={<IconSearch size={16} />}
        value={text}
        w={{ base: "100%", xs: 180 }}
        onChange={(event) => type(event.currentTarget.value)}
        rightSection={text && <CloseButton size="sm" aria-label={t`Clear the search`} onClick={() => type("")} />}
      />
      <MoreFilters
        filters={filters}
        usual={
          <>
            <MultiSelect
              label={t`State`}
              data={ORDER_STATES}
              value={filters.all("status")}
              onChange={(status) => filters.set({ status })}
              clearable
              w={{ base: "100%", xs: 170 }}
              placeholder={filters.all("status").length ? undefined : t`Any`}
              clearButtonProps={{ "aria-label": t`Clear the states` }}
            />
            <ConnectorFilter filters={filters} />
            <DayRange filters={filters} />
          </>
        }
        rare={{
          waits_for: (
            <MultiSelect
              label={t`Waits for`}
              data={WAITING}
              value={filters.all("waits_for")}
              onChange={(waits_for) => filters.set({ waits_for })}
              clearable
              w={{ base: "100%", xs: 220 }}
              placeholder={filters.all("waits_for").length ? undefined : t`Anything`}
              clearButtonProps={{ "aria-label": t`Clear what they wait for` }}
            />
          ),
          [UNREADABLE]: <Only filters={filters} name={UNREADABLE} label={t`Answer unreadable`} />,
          on_hold: <Only filters={filters} name="on_hold" label={t`On hold`} />,
          differs: <Only filters={filters} name="differs" label={t`Differs`} />,
        }}
      />
      <GivenFilter filters={filters} name="error_code" color="red" />
      <GivenFilter filters={filters} name="route" color="indigo" />
      <GivenFilter filters={filters} name="import_id" color="gray" />
    </Group>
  );
}

function Only({ filters, name, label }: { filters: Filters; name: string; label: string }) {
  return (
    <Switch
      label={label}
      checked={filters.one(name) === "true"}
      mb={8}
      onChange={(event) => filters.set({ [name]: event.currentTarget.checked ? "true" : null })}
    />
  );
}

interface TableProps {
  orders: Summary[];
  wanted: OrderQuery;
  filters: Filters;
  columns: string[];
}

function OrderTable({ orders, wanted, filters, columns }: TableProps) {
  const { pathname, search } = useLocation();
  const ids = orders.map(({ id }) => id).join(" ");
  useEffect(() => leaveTrail({ address: pathname + search, ids: ids.split(" ") }), [pathname, search, ids]);
  const bulk = useMay()("ORDERS_PUSH");
  const selection = useSelection(orders.map(({ id }) => id));
  const selected = orders.filter(({ id }) => selection.has(id));
  const selecting = bulk ? selection : undefined;
  return (
    <>
      {bulk && <BulkActions selected={selected} wanted={wanted} onDone={() => selection.setAll(false)} />}
      <ListTable head={<Head selection={selecting} columns={columns} filters={filters} />} minWidth={340}>
        {orders.map((order) => (
          <Row key={order.id} order={order} selection={selecting} columns={columns} />
        ))}
      </ListTable>
    </>
  );
}

function Head({ selection, columns, filters }: { selection?: Selection; columns: string[]; filters: Filters }) {
  return (
    <>
      {selection && <SelectAll selection={selection} label={t`Select all on this page`} />}
      <Table.Th aria-sort={ariaSort("number", filters)}>
        <SortHead label={t`Order`} sort="number" filters={filters} />
      </Table.Th>
      <Table.Th>
        <Trans>State</Trans>
      </Table.Th>
      {columns.map((name) => (
        <ColumnHead key={name} name={name} filters={filters} />
      ))}
    </>
  );
}

/** Why an order waits for a time that is known. */
const WHY: Record<string, string> = { OPENING_HOURS: t`(opening hours)`, NOT_BEFORE: t`(not before)` };

function Row({ order, selection, columns }: { order: Summary; selection?: Selection; columns: string[] }) {
  const name = order.external_order_number ?? order.id.slice(0, 8);
  return (
    <OpeningRow
      opens={`/orders/${order.id}`}
      bg={selection?.has(order.id) ? "var(--mantine-primary-color-light)" : undefined}
    >
      {selection && <SelectOne selection={selection} id={order.id} label={t`Select ${name}`} />}
      <Table.Td>
        <Anchor component={Link} to={`/orders/${order.id}`} fw={600} className="whole" data-row>
          {name}
        </Anchor>
        <Text size="xs" c="dimmed" hiddenFrom="xs">
          {order.customer.name}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={4}>
          <OrderBadge status={order.status} />
          <HoldsBadge holds={order.holds} />
          <UnreadableBadge answer={order.unreadable_answer} />
          <DiffersBadge differs={order.differs} />
        </Group>
        {order.holds.length > 0 && (
          <Text size="xs" c="dimmed" lineClamp={1} maw={300}>
            {holdsText(order.holds)}
          </Text>
        )}
        {order.waits_until && (
          <Text size="xs" c="dimmed">
            <Trans>
              Waits until <Moment at={order.waits_until} absolute /> {WHY[order.waits_for ?? ""]}
            </Trans>
          </Text>
        )}
        {order.error?.message && (
          <Text size="xs" c="dimmed" lineClamp={1} maw={300} title={order.error.message}>
            {order.error.message}
          </Text>
        )}
      </Table.Td>
      {columns.map((name) => (
        <ColumnCell key={name} name={name} order={order} />
      ))}
    </OpeningRow>
  );
}

function None({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty icon={IconFileText} title={t`No order fits these filters`} />;
  return (
    <Empty icon={IconFileText} title={t`No order has come in yet`}>
      <Trans>
        Import a file of JSON Lines, or send orders to <code>POST /api/v1/draft-orders</code>.
      </Trans>
    </Empty>
  );
}
