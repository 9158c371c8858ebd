import { plural, t } from "@lingui/core/macro";
import { Text } from "@mantine/core";
import { useOrderTotals, type OrderQuery } from "../api/queries";
import { count } from "../shared/format";
import { money } from "../shared/money";

/** How many orders the list finds, and what they are worth. */
export function ListSums({ wanted }: { wanted: OrderQuery }) {
  const { data } = useOrderTotals(wanted);
  if (!data || data.orders === 0) return null;
  const found = data.more
    ? t`More than ${count(data.orders)} orders; the newest of them`
    : plural(data.orders, { one: "# order", other: "# orders" });
  const sums = data.sums
    .filter(({ amount }) => amount > 0)
    .map(({ amount, currency }) => money(amount, currency ?? t`without currency`));
  return (
    <Text size="sm" c="dimmed" className="numeric" role="status">
      {[found, ...sums].join(" · ")}
    </Text>
  );
}
