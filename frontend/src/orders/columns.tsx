import { t } from "@lingui/core/macro";
import { ActionIcon, Checkbox, Popover, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp, IconColumns3 } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Schemas } from "../api/client";
import { plainDay } from "../shared/format";
import { money } from "../shared/money";
import { Moment } from "../shared/Moment";
import type { Filters } from "../shared/useFilters";
import { erpNumber } from "./orderText";

type Summary = Schemas["OrderSummary"];

interface Column {
  label: string;
  /** By what the list is sorted where its head is clicked; `-`: the other way round first. */
  sort?: string;
  right?: boolean;
  /** From which width on it has room. */
  from?: "xs" | "sm" | "md";
  show: (order: Summary) => ReactNode;
}

/** What a list of orders can show besides their number and state. */
export const COLUMNS: Record<string, Column> = {
  customer: {
    label: t`Customer`,
    sort: "customer",
    from: "xs",
    show: ({ customer }) => (
      <>
        {customer.name ?? "–"}{" "}
        <Text span size="xs" c="dimmed" className="numeric">
          {customer.erp_customer_number}
        </Text>
      </>
    ),
  },
  value: { label: t`Value`, right: true, from: "sm", show: ({ amount, currency }) => money(amount, currency) },
  erp: { label: t`ERP number`, from: "md", show: (order) => erpNumber(order) ?? "–" },
  wanted: {
    label: t`Wanted for`,
    sort: "wanted",
    from: "md",
    show: ({ requested_delivery_date }) => plainDay(requested_delivery_date),
  },
  ordered: { label: t`Ordered`, from: "md", show: ({ order_date }) => plainDay(order_date) },
  source: { label: t`Source`, from: "md", show: ({ source }) => source ?? "–" },
  attempts: { label: t`Attempts`, right: true, from: "md", show: ({ attempts }) => attempts },
  changed: { label: t`Changed`, sort: "-changed", from: "md", show: ({ updated_at }) => <Moment at={updated_at} /> },
  came: { label: t`Came in`, sort: "-created_at", from: "sm", show: ({ created_at }) => <Moment at={created_at} /> },
};
const USUAL = ["customer", "value", "erp", "wanted", "came"];
const NAMES = Object.keys(COLUMNS);

/** The columns that this reader wants, in the order of the table. */
export function useColumns() {
  const [chosen, choose] = useLocalStorage({ key: "orderflow.columns", defaultValue: USUAL });
  return { shown: NAMES.filter((name) => chosen.includes(name)), choose };
}

export function ColumnChooser({ shown, choose }: ReturnType<typeof useColumns>) {
  return (
    <Popover position="bottom-end" trapFocus>
      <Popover.Target>
        <ActionIcon variant="default" size={36} aria-label={t`Columns`}>
          <IconColumns3 size={18} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <Checkbox.Group label={t`Columns`} value={shown} onChange={choose}>
          <Stack gap="xs" mt="xs">
            {NAMES.map((name) => (
              <Checkbox key={name} value={name} label={COLUMNS[name]?.label} />
            ))}
          </Stack>
        </Checkbox.Group>
      </Popover.Dropdown>
    </Popover>
  );
}

/** The head of a column that sorts the list, one way and then the other. */
export function SortHead({ label, sort, filters }: { label: string; sort: string; filters: Filters }) {
  const present = filters.one("sort") ?? "-created_at";
  const key = sort.replace("-", "");
  const here = present.replace("-", "") === key;
  const down = present.startsWith("-");
  const next = here ? (down ? key : `-${key}`) : sort;
  const Arrow = down ? IconArrowDown : IconArrowUp;
  return (
    <UnstyledButton
      fw={700}
      fz="sm"
      className="whole"
      onClick={() => filters.set({ sort: next === "-created_at" ? null : next })}
    >
      {label} {here && <Arrow size={13} aria-hidden />}
    </UnstyledButton>
  );
}

/** How a head is read out. */
export function ariaSort(sort: string | undefined, filters: Filters): "ascending" | "descending" | undefined {
  const present = filters.one("sort") ?? "-created_at";
  if (sort?.replace("-", "") !== present.replace("-", "")) return undefined;
  return present.startsWith("-") ? "descending" : "ascending";
}

export function ColumnHead({ name, filters }: { name: string; filters: Filters }) {
  const column = COLUMNS[name];
  if (!column) return null;
  const { label, sort, right, from } = column;
  return (
    <Table.Th visibleFrom={from} ta={right ? "right" : undefined} aria-sort={ariaSort(sort, filters)}>
      {sort ? <SortHead label={label} sort={sort} filters={filters} /> : <span className="whole">{label}</span>}
    </Table.Th>
  );
}

export function ColumnCell({ name, order }: { name: string; order: Summary }) {
  const column = COLUMNS[name];
  if (!column) return null;
  return (
    <Table.Td
      visibleFrom={column.from}
      ta={column.right ? "right" : undefined}
      className={name === "customer" ? undefined : "numeric whole"}
    >
      {column.show(order)}
    </Table.Td>
  );
}
