import { Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

export function PageTitle({ children, actions, about }: { children: string; actions?: ReactNode; about?: ReactNode }) {
  return (
    <Group justify="space-between" align="flex-start" mb="lg" gap="sm">
      <div>
        <title>{`${children} · OrderFlow Connect`}</title>
        <Title order={1} size="h2">
          {children}
        </Title>
        {about && (
          <Text c="dimmed" size="sm" mt={2}>
            {about}
          </Text>
        )}
      </div>
      {actions && <Group gap="xs">{actions}</Group>}
    </Group>
  );
}
