import {
  Anchor,
  Button,
  Card,
  Checkbox,
  CloseButton,
  Group,
  MultiSelect,
  Select,
  Switch,
  Table,
  Text,
  TextInput,
} from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconFileText, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { useConnectors, useMay, useOrders, type OrderQuery } from "../api/queries";
import { Answered } from "../shared/Answered";
import { PageTitle } from "../shared/PageTitle";
import { BulkActions } from "./BulkActions";
import { DayRange } from "../shared/DayRange";
import { Empty } from "../shared/Empty";
import { ImportButton } from "./ImportButton";
import { Moment } from "../shared/Moment";
import { Pager, useCursor } from "../shared/Pager";
import { OrderBadge } from "../shared/states";
import { dayStart, useFilters } from "../shared/useFilters";
import { UnreadableBadge } from "./UnreadableAlert";

type OrderSummary = Schemas["OrderSummary"];

type Summary = OrderSummary;
/** In the address: those whose answer from the ERP could not be read. */
const UNREADABLE = "unreadable_answer";
type Filters = ReturnType<typeof useFilters>;
const STATES: Schemas["OrderStatus"][] = [
  "NEW",
  "NEEDS_REVIEW",
  "READY",
  "APPROVED",
  "PUSHING",
  "PUSHED",
  "CONFIRMED",
  "ERROR",
  "REJECTED",
];

export default function OrdersPage() {
  const filters = useFilters();
  const cursor = useCursor(filters.key);
  const may = useMay();
  const wanted: OrderQuery = {
    status: filters.all("status") as Schemas["OrderStatus"][],
    q: filters.one("q"),
    connection_id: filters.one("connection_id"),
    error_code: filters.one("error_code"),
    unreadable_answer: filters.one(UNREADABLE) === "true" || undefined,
    since: dayStart(filters.one("since")),
    until: dayStart(filters.one("until"), 1),
  };
  const orders = useOrders({ ...wanted, limit: 50, cursor: cursor.current });
  return (
    <>
      <PageTitle actions={may("ORDERS_IMPORT") && <ImportButton />} about="Every order, newest first">
        Orders
      </PageTitle>
      <FilterBar filters={filters} />
      <Answered query={orders}>
        {(page) => (
          <>
            <OrderTable orders={page.items} filtered={filters.key !== ""} wanted={wanted} />
            <Pager cursor={cursor} next={page.next_cursor} />
          </>
        )}
      </Answered>
    </>
  );
}

function FilterBar({ filters }: { filters: Filters }) {
  const connectors = useConnectors().data ?? [];
  const [text, setText] = useState(filters.one("q") ?? "");
  const search = useDebouncedCallback((q: string) => filters.set({ q }), 250);
  const type = (given: string) => {
    setText(given);
    search(given);
  };
  const errorCode = filters.one("error_code");
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
        data={STATES}
        value={filters.all("status")}
        onChange={(status) => filters.set({ status })}
        clearable
        w={{ base: "100%", xs: 240 }}
        placeholder={filters.all("status").length ? undefined : "Any"}
        clearButtonProps={{ "aria-label": "Clear the states" }}
      />
      {connectors.length > 1 && (
        <Select
          label="Connector"
          placeholder="Any"
          clearable
          value={filters.one("connection_id") ?? null}
          w={180}
          data={connectors.map(({ id, name, display_name }) => ({ value: id, label: name ?? display_name }))}
          onChange={(connection_id) => filters.set({ connection_id })}
          clearButtonProps={{ "aria-label": "Clear the connector" }}
        />
      )}
      <DayRange filters={filters} />
      <Switch
        label="Answer unreadable"
        checked={filters.one(UNREADABLE) === "true"}
        mb={8}
        onChange={(event) => filters.set({ [UNREADABLE]: event.currentTarget.checked ? "true" : null })}
      />
      {errorCode && (
        <Button
          variant="light"
          color="red"
          rightSection="×"
          onClick={() => filters.set({ error_code: null })}
          aria-label={`Remove the filter ${errorCode}`}
        >
          {errorCode}
        </Button>
      )}
    </Group>
  );
}

function OrderTable({ orders, filtered, wanted }: { orders: Summary[]; filtered: boolean; wanted: OrderQuery }) {
  const may = useMay();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const here = orders.filter(({ id }) => selected.has(id));
  const toggle = (id: string, on: boolean) => {
    const next = new Set(selected);
    if (on) next.add(id);
    else next.delete(id);
    setSelected(next);
  };
  if (orders.length === 0)
    return filtered ? <Empty icon={IconFileText} title="No order fits these filters" /> : <NoOrders />;
  const bulk = may("ORDERS_PUSH");
  return (
    <>
      {bulk && <BulkActions selected={here} wanted={wanted} onDone={() => setSelected(new Set())} />}
      <Card padding={0}>
        <Table.ScrollContainer minWidth={340}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                {bulk && (
                  <Table.Th w={40}>
                    <Checkbox
                      aria-label="Select all on this page"
                      checked={here.length === orders.length}
                      indeterminate={here.length > 0 && here.length < orders.length}
                      onChange={(event) =>
                        setSelected(new Set(event.currentTarget.checked ? orders.map(({ id }) => id) : []))
                      }
                    />
                  </Table.Th>
                )}
                <Table.Th>Order</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th visibleFrom="xs">Customer</Table.Th>
                <Table.Th visibleFrom="md">ERP number</Table.Th>
                <Table.Th visibleFrom="md" className="whole">
                  Wanted for
                </Table.Th>
                <Table.Th visibleFrom="sm">Came in</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {orders.map((order) => (
                <Row
                  key={order.id}
                  order={order}
                  selected={bulk ? selected.has(order.id) : undefined}
                  onSelect={(on) => toggle(order.id, on)}
                />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Card>
    </>
  );
}

function Row({
  order,
  selected,
  onSelect,
}: {
  order: Summary;
  selected: boolean | undefined;
  onSelect: (on: boolean) => void;
}) {
  const name = order.external_order_number ?? order.id.slice(0, 8);
  return (
    <Table.Tr bg={selected ? "var(--mantine-primary-color-light)" : undefined}>
      {selected !== undefined && (
        <Table.Td>
          <Checkbox
            aria-label={`Select ${name}`}
            checked={selected}
            onChange={(event) => onSelect(event.currentTarget.checked)}
          />
        </Table.Td>
      )}
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
        </Group>
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
        {order.erp_order_id ?? "–"}
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

function NoOrders() {
  return (
    <Empty icon={IconFileText} title="No order has come in yet">
      Import a file of JSON Lines, or send orders to <code>POST /api/v1/draft-orders</code>.
    </Empty>
  );
}
