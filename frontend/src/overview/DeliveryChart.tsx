import { plural, t } from "@lingui/core/macro";
import { ColorSwatch, Group, Text, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import type { Schemas } from "../api/client";
import type { Period } from "../api/queries";
import { count } from "../shared/format";
import { axis, spans, type Span } from "./spans";

const KINDS: { key: keyof Span["counts"]; name: string; color: string }[] = [
  { key: "confirmed", name: t`Confirmed`, color: "var(--mantine-color-teal-6)" },
  { key: "unanswered", name: t`Delivered, unanswered`, color: "var(--mantine-color-indigo-4)" },
  { key: "failed", name: t`Failed`, color: "var(--mantine-color-red-6)" },
  { key: "open", name: t`Still open`, color: "var(--mantine-color-gray-5)" },
];
const HEIGHT = 200;
const MOST_LABELS = 8;
const FEW_LABELS = 4;

/** What was asked for in each stretch of time, and what became of it. */
export function DeliveryChart({ series, period }: { series: Schemas["Point"][]; period: Period }) {
  const narrow = useMediaQuery("(max-width: 36em)");
  const shown = spans(series, period, narrow ? FEW_LABELS : MOST_LABELS);
  const { top, ticks } = axis(Math.max(0, ...shown.map(({ total }) => total)));
  const sum = (key: keyof Span["counts"]) => shown.reduce((all, { counts }) => all + counts[key], 0);
  const summary = KINDS.map(({ key, name }) => `${name}: ${count(sum(key))}`).join(", ");
  return (
    <div role="img" aria-label={summary}>
      <div className="chart" style={{ height: HEIGHT }}>
        <div className="chart-ticks">
          {ticks.map((tick) => (
            <Text key={tick} size="xs" c="dimmed" className="numeric" style={{ bottom: `${(tick / top) * 100}%` }}>
              {count(tick)}
            </Text>
          ))}
        </div>
        <div className="chart-bars">
          {ticks.map((tick) => (
            <div key={tick} className="chart-line" style={{ bottom: `${(tick / top) * 100}%` }} />
          ))}
          {shown.map((span) => (
            <Tooltip key={span.at} label={<Details span={span} />}>
              <div className="chart-span">
                {KINDS.map(({ key, color }) => (
                  <div key={key} style={{ height: `${(span.counts[key] / top) * 100}%`, background: color }} />
                ))}
              </div>
            </Tooltip>
          ))}
        </div>
      </div>
      <div className="chart-times">
        {shown.map(({ at, label }) => (
          <Text key={at} size="xs" c="dimmed" className="numeric whole">
            {label}
          </Text>
        ))}
      </div>
      <Group justify="center" gap="lg" mt="xs">
        {KINDS.map(({ key, name, color }) => (
          <Group key={key} gap={6}>
            <ColorSwatch color={color} size={9} withShadow={false} />
            <Text size="xs">{name}</Text>
          </Group>
        ))}
      </Group>
    </div>
  );
}

function Details({ span }: { span: Span }) {
  return (
    <>
      <Text size="xs" fw={600}>
        {span.when}
      </Text>
      {KINDS.filter(({ key }) => span.counts[key] > 0).map(({ key, name }) => (
        <Text key={key} size="xs">
          {name}: {count(span.counts[key])}
        </Text>
      ))}
      <Text size="xs">{plural(span.total, { one: "# delivery", other: "# deliveries" })}</Text>
    </>
  );
}
