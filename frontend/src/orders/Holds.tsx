import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Alert, Button, Group, Text, Tooltip, Badge } from "@mantine/core";
import { answer, api, type Schemas } from "../api/client";
import { useAction } from "../api/queries";
import { Moment } from "../shared/Moment";

type Hold = Schemas["Hold"];

/** Who keeps an order back, and why; each hold is released by itself. */
export function HoldsAlert({ orderId, holds }: { orderId: string; holds: Hold[] }) {
  return (
    <Alert color="yellow" title={t`On hold`}>
      {holds.map((hold) => (
        <Group key={hold.id} justify="space-between" gap="xs">
          <div>
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>
              {hold.reason}
            </Text>
            <Text size="xs" c="dimmed">
              {hold.placed_by}, <Moment at={hold.placed_at} />
            </Text>
          </div>
          {hold.may_release && holds.length > 1 && <ReleaseOne orderId={orderId} hold={hold} />}
        </Group>
      ))}
    </Alert>
  );
}

function ReleaseOne({ orderId, hold }: { orderId: string; hold: Hold }) {
  const path = { order_id: orderId, hold_id: hold.id };
  const release = useAction(
    () => answer(api.DELETE("/api/v1/draft-orders/{order_id}/holds/{hold_id}", { params: { path } })),
    { done: t`Released` },
  );
  return (
    <Button
      size="compact-sm"
      variant="default"
      loading={release.isPending}
      aria-label={t`Release: ${hold.reason}`}
      onClick={() => release.run(undefined)}
    >
      <Trans>Release</Trans>
    </Button>
  );
}

/** In a list: that an order is on hold, and why. */
export function HoldsBadge({ holds }: { holds: Hold[] }) {
  if (holds.length === 0) return null;
  return (
    <Tooltip label={holdsText(holds)}>
      <Badge variant="light" color="yellow" radius="sm">
        <Trans>On hold</Trans>
      </Badge>
    </Tooltip>
  );
}

export function holdsText(holds: Hold[]): string {
  return holds.map(({ reason, placed_by }) => `${reason} (${placed_by})`).join("; ");
}
