import { t } from "@lingui/core/macro";
import { Group, Text, Title } from "@mantine/core";
import { useNeeds } from "../api/queries";
import { useEffect, useRef, type ReactNode } from "react";

interface Props {
  children: string;
  /** Beside the title, as a state. */
  beside?: ReactNode;
  actions?: ReactNode;
  about?: ReactNode;
}

let loaded = false;

/** The title of a page: in the tab with how much needs somebody, and as the heading that the focus goes to when one comes from another page. */
export function PageTitle({ children, beside, actions, about }: Props) {
  const open = useNeeds().data?.open;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (loaded && document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
    loaded = true;
  }, []);
  return (
    <Group justify="space-between" align="flex-start" mb="lg" gap="sm">
      <div>
        <title>{t`${open ? `(${open}) ` : ""}${children} · OrderFlow Connect`}</title>
        <Group gap="sm">
          <Title order={1} size="h2" ref={heading} tabIndex={-1} className="unmarked">
            {children}
          </Title>
          {beside}
        </Group>
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
