import { Anchor, CloseButton, Group, MultiSelect, Switch, Table, Text, TextInput } from "@mantine/core";
import { IconFileText, IconSearch } from "@tabler/icons-react";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { useMay, useOrders, type OrderQuery } from "../api/queries";
import { ConnectorFilter } from "../connectors/ConnectorFilter";
import { PageTitle } from "../shared/PageTitle";
import { BulkActions } from "./BulkActions";
import { DayRange } from "../shared/DayRange";
import { DiffersBadge } from "./Differences";
import { Empty } from "../shared/Empty";
import { ImportButton } from "./ImportButton";
import { ListTable } from "../shared/ListTable";
import { Moment } from "../shared/Moment";
import { Paged, useCursor } from "../shared/Pager";
import { SelectAll, SelectOne, useSelection, type Selection } from "../shared/selection";
import { GivenFilter } from "../shared/GivenFilter";
import { ORDER_STATES, OrderBadge, WAITING } from "../shared/states";
import { dayStart, useFilters, useTyped, type Filters } from "../shared/useFilters";
import { erpNumber } from "./orderText";
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
    differs: filters.one("differs") === "true" || undefined,
    waits_for: filters.all("waits_for") as NonNullable<OrderQuery["waits_for"]>,
    route: filters.one("route"),
    since: dayStart(filters.one("since")),
    until: dayStart(filters.one("until"), 1),
  };
  const orders = useOrders({ ...wanted, limit: 50, cursor: cursor.cursor });
  return (
    <>
      <PageTitle actions={may("ORDERS_IMPORT") && <ImportButton />} about="Every order, newest first">
        Orders
      </PageTitle>
      <FilterBar filters={filters} />
      <Paged query={orders} cursor={cursor} none={<None filtered={filters.key !== ""} />}>
        {(items) => <OrderTable orders={items} wanted={wanted} />}
      </Paged>
    </>
  );
}

function FilterBar({ filters }: { filters: Filters }) {
  const [text, type] = useTyped(filters, "q");
  return (
    <Group mb="md" gap="sm" align="flex-end">
      <TextInput
        label="Search"
        placeholder="Number or customer"
        leftSection={<IconSearch size={16} />}
        value={text}
        w={{ base: "100%", xs: 220 }}
        onChange={(event) => type(event.currentTarget.value)}
        rightSection={text && <CloseButton size="sm" aria-label="Clear the search" onClick={() => type("")} />}
      />
      <MultiSelect
        label="State"
        data={ORDER_STATES}
        value={filters.all("status")}
        onChange={(status) => filters.set({ status })}
        clearable
        w={{ base: "100%", xs: 240 }}
        placeholder={filters.all("status").length ? undefined : "Any"}
        clearButtonProps={{ "aria-label": "Clear the states" }}
      />
      <ConnectorFilter filters={filters} />
      <DayRange filters={filters} />
      <Switch
        label="Answer unreadable"
        checked={filters.one(UNREADABLE) === "true"}
        mb={8}
        onChange={(event) => filters.set({ [UNREADABLE]: event.currentTarget.checked ? "true" : null })}
      />
      <Switch
        label="Differs"
        checked={filters.one("differs") === "true"}
        mb={8}
        onChange={(event) => filters.set({ differs: event.currentTarget.checked ? "true" : null })}
      />
      <MultiSelect
        label="Waits for"
        data={WAITING}
        value={filters.all("waits_for")}
        onChange={(waits_for) => filters.set({ waits_for })}
        clearable
        w={{ base: "100%", xs: 220 }}
        placeholder={filters.all("waits_for").length ? undefined : "Anything"}
        clearButtonProps={{ "aria-label": "Clear what they wait for" }}
      />
      <GivenFilter filters={filters} name="error_code" color="red" />
      <GivenFilter filters={filters} name="route" color="indigo" />
    </Group>
  );
}

function OrderTable({ orders, wanted }: { orders: Summary[]; wanted: OrderQuery }) {
  const bulk = useMay()("ORDERS_PUSH");
  const selection = useSelection(orders.map(({ id }) => id));
  const selected = orders.filter(({ id }) => selection.has(id));
  const selecting = bulk ? selection : undefined;
  return (
    <>
      {bulk && <BulkActions selected={selected} wanted={wanted} onDone={() => selection.setAll(false)} />}
      <ListTable head={<Head selection={selecting} />} minWidth={340}>
        {orders.map((order) => (
          <Row key={order.id} order={order} selection={selecting} />
        ))}
      </ListTable>
    </>
  );
}

function Head({ selection }: { selection: Selection | undefined }) {
  return (
    <>
      {selection && <SelectAll selection={selection} label="Select all on this page" />}
      <Table.Th>Order</Table.Th>
      <Table.Th>State</Table.Th>
      <Table.Th visibleFrom="xs">Customer</Table.Th>
      <Table.Th visibleFrom="md">ERP number</Table.Th>
      <Table.Th visibleFrom="md" className="whole">
        Wanted for
      </Table.Th>
      <Table.Th visibleFrom="sm">Came in</Table.Th>
    </>
  );
}

/** Why an order waits for a time that is known. */
const WHY: Record<string, string> = { OPENING_HOURS: "(opening hours)", NOT_BEFORE: "(not before)" };

function Row({ order, selection }: { order: Summary; selection: Selection | undefined }) {
  const name = order.external_order_number ?? order.id.slice(0, 8);
  return (
    <Table.Tr bg={selection?.has(order.id) ? "var(--mantine-primary-color-light)" : undefined}>
      {selection && <SelectOne selection={selection} id={order.id} label={`Select ${name}`} />}
      <Table.Td>
        <Anchor component={Link} to={`/orders/${order.id}`} fw={600} className="whole">
          {name}
        </Anchor>
        <Text size="xs" c="dimmed" hiddenFrom="xs">
          {order.customer.name}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={4}>
          <OrderBadge status={order.status} />
          <UnreadableBadge answer={order.unreadable_answer} />
          <DiffersBadge differs={order.differs} />
        </Group>
        {order.waits_until && (
          <Text size="xs" c="dimmed">
            Waits until <Moment at={order.waits_until} absolute /> {WHY[order.waits_for ?? ""]}
          </Text>
        )}
        {order.error?.message && (
          <Text size="xs" c="dimmed" lineClamp={1} maw={300} title={order.error.message}>
            {order.error.message}
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="xs">
        {order.customer.name ?? "–"}{" "}
        <Text span size="xs" c="dimmed" className="numeric">
          {order.customer.erp_customer_number}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="md" className="numeric whole">
        {erpNumber(order) ?? "–"}
      </Table.Td>
      <Table.Td visibleFrom="md" className="numeric whole">
        {order.requested_delivery_date ?? "–"}
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Moment at={order.created_at} />
      </Table.Td>
    </Table.Tr>
  );
}

function None({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty icon={IconFileText} title="No order fits these filters" />;
  return (
    <Empty icon={IconFileText} title="No order has come in yet">
      Import a file of JSON Lines, or send orders to <code>POST /api/v1/draft-orders</code>.
    </Empty>
  );
}
