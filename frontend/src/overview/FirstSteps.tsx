import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Card, Group, SimpleGrid, Text, ThemeIcon, Title } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useConnectors, useExports, useOrders } from "../api/queries";

/** The three steps to the first pushed order, until it is pushed. */
export function FirstSteps() {
  const connectors = useConnectors();
  const orders = useOrders({ limit: 1 });
  const pushed = useExports({ limit: 1 });
  if (!connectors.data || !orders.data || !pushed.data || pushed.data.items.length > 0) return null;
  const connected = connectors.data.some(({ status, last_test_at }) => status === "ACTIVE" && last_test_at);
  const imported = orders.data.items.length > 0;
  return (
    <Card mb="md">
      <Title order={2} size="h4">
        <Trans>Three steps to your first pushed order</Trans>
      </Title>
      <SimpleGrid cols={{ base: 1, sm: 3 }} mt="md">
        <Step number={1} done={connected} title={t`Connect your ERP`} to="/connectors" action={t`Set up a connector`}>
          <Trans>Say where orders go, test it, and accept the server's key.</Trans>
        </Step>
        <Step number={2} done={imported} title={t`Bring in orders`} to="/orders" action={t`Import orders`}>
          <Trans>From a file of JSON Lines here, or from your shop over the API.</Trans>
        </Step>
        <Step number={3} done={false} title={t`Approve and push`} to="/orders?status=READY" action={t`Open orders`}>
          <Trans>Check an order, approve it, push it, and watch the ERP confirm it.</Trans>
        </Step>
      </SimpleGrid>
    </Card>
  );
}

interface StepProps {
  number: number;
  done: boolean;
  title: string;
  to: string;
  action: string;
  children: ReactNode;
}

function Step({ number, done, title, to, action, children }: StepProps) {
  return (
    <Group align="flex-start" wrap="nowrap">
      <ThemeIcon
        radius="xl"
        variant={done ? "filled" : "light"}
        color={done ? "teal.8" : "indigo"}
        aria-label={done ? t`Done` : t`Step ${number}`}
      >
        {done ? <IconCheck size={16} /> : number}
      </ThemeIcon>
      <div>
        <Text fw={600}>{title}</Text>
        <Text size="sm" c="dimmed" mb="xs">
          {children}
        </Text>
        <Button component={Link} to={to} size="xs" variant={done ? "default" : "light"}>
          {action}
        </Button>
      </div>
    </Group>
  );
}
