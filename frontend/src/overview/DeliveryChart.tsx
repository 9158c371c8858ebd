import { ColorSwatch, Group, Text } from "@mantine/core";
import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import type { Schemas } from "../api/client";
import type { Period } from "../api/queries";

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const BARS = [
  { key: "confirmed", name: "Confirmed", color: "var(--mantine-color-teal-6)" },
  { key: "unanswered", name: "Delivered, unanswered", color: "var(--mantine-color-indigo-4)" },
  { key: "failed", name: "Failed", color: "var(--mantine-color-red-6)" },
  { key: "open", name: "Still open", color: "var(--mantine-color-gray-5)" },
];

/** What was asked for in each stretch of time, and what became of it. */
export default function DeliveryChart({ series, period }: { series: Schemas["Point"][]; period: Period }) {
  const label = (at: string) => (period === "24h" ? TIME : DAY).format(new Date(at));
  const points = series.map((point) => ({
    ...point,
    unanswered: Math.max(0, point.delivered - point.confirmed),
    open: Math.max(0, point.requested - point.delivered - point.failed),
  }));
  const total = (key: "requested" | "confirmed" | "failed") => series.reduce((sum, point) => sum + point[key], 0);
  const summary = `${total("requested")} deliveries requested, ${total("confirmed")} confirmed, ${total("failed")} failed`;
  const axis = { fontSize: 12, fill: "var(--mantine-color-dimmed)" };
  return (
    <div role="img" aria-label={summary}>
      <ResponsiveContainer width="100%" height={240}>
        <BarChart data={points} margin={{ left: -16, right: 4 }} accessibilityLayer={false}>
          <CartesianGrid vertical={false} stroke="var(--mantine-color-default-border)" />
          <XAxis dataKey="at" tickFormatter={label} tick={axis} tickLine={false} axisLine={false} minTickGap={24} />
          <YAxis allowDecimals={false} tick={axis} tickLine={false} axisLine={false} />
          <Tooltip
            labelFormatter={(at) => label(String(at))}
            cursor={{ fill: "var(--mantine-color-default-hover)" }}
            contentStyle={{
              background: "var(--mantine-color-body)",
              border: "1px solid var(--mantine-color-default-border)",
              borderRadius: 8,
              fontSize: 13,
            }}
          />
          {BARS.map(({ key, name, color }) => (
            <Bar
              key={key}
              dataKey={key}
              name={name}
              stackId="all"
              fill={color}
              maxBarSize={36}
              isAnimationActive={false}
            />
          ))}
        </BarChart>
      </ResponsiveContainer>
      <Group justify="center" gap="lg" mt="xs">
        {BARS.map(({ key, name, color }) => (
          <Group key={key} gap={6}>
            <ColorSwatch color={color} size={9} withShadow={false} />
            <Text size="xs">{name}</Text>
          </Group>
        ))}
      </Group>
    </div>
  );
}
