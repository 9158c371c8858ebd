import { Badge, Group, Text } from "@mantine/core";
import { Moment } from "../shared/Moment";
import { COLORS, HEALTH_WORDS, healthOf } from "./health";

/** How a connector does, in one word, and what that rests on. */
export function HealthBadge({ connector }: { connector: Parameters<typeof healthOf>[0] }) {
  const { state, because } = healthOf(connector);
  return (
    <Group gap={6} wrap="nowrap">
      <Badge variant="light" color={COLORS[state]} radius="sm">
        {HEALTH_WORDS[state]}
      </Badge>
      {because?.at && (
        <Text size="xs" c="dimmed" className="whole">
          {because.what} <Moment at={because.at} />
        </Text>
      )}
    </Group>
  );
}
