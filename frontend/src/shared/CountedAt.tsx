import { Trans } from "@lingui/react/macro";
import { Text } from "@mantine/core";
import { Moment } from "./Moment";

/** Says of what was counted beforehand when that was, and how exact its times are. */
export function CountedAt({ at }: { at?: string | null }) {
  if (!at) return null;
  return (
    <Text size="xs" c="dimmed" mt="xs">
      <Trans>
        Counted <Moment at={at} />, by whole hours or days; times within 5 %.
      </Trans>
    </Text>
  );
}
