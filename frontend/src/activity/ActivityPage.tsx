import { Accordion, Anchor, Autocomplete, Card, Code, Group, SimpleGrid, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconHistory } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { useAuditLog, useMay, useMe } from "../api/queries";
import { Answered } from "../shared/Answered";
import { PageTitle } from "../shared/PageTitle";
import { DayRange } from "../shared/DayRange";
import { Empty } from "../shared/Empty";
import { phrase } from "../shared/format";
import { Moment } from "../shared/Moment";
import { Pager, useCursor } from "../shared/Pager";
import { Json } from "../shared/Json";
import { dayStart, useFilters } from "../shared/useFilters";

export default function ActivityPage() {
  const filters = useFilters();
  const cursor = useCursor(filters.key);
  const may = useMay();
  const entries = useAuditLog({
    action: filters.one("action"),
    actor: filters.one("actor"),
    since: dayStart(filters.one("since")),
    until: dayStart(filters.one("until"), 1),
    limit: 50,
    cursor: cursor.current,
  });
  if (!may("AUDIT_READ")) return <NotAllowed />;
  return (
    <>
      <PageTitle about="Who changed what, newest first">Activity</PageTitle>
      <FilterBar filters={filters} actions={[...new Set(entries.data?.items.map(({ action }) => action))].sort()} />
      <Answered query={entries}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty icon={IconHistory} title="Nothing fits what you chose" />
          ) : (
            <Card padding={0}>
              <Accordion>
                {page.items.map((entry) => (
                  <Entry key={entry.id} entry={entry} />
                ))}
              </Accordion>
            </Card>
          )
        }
      </Answered>
      <Pager cursor={cursor} next={entries.data?.next_cursor} />
    </>
  );
}

function NotAllowed() {
  const { data: me } = useMe();
  if (!me) return null;
  return (
    <>
      <PageTitle>Activity</PageTitle>
      <Empty icon={IconHistory} title="Your role may not read the audit log">
        Administrators and integrators may. What happened to an order stands in the order&apos;s timeline.
      </Empty>
    </>
  );
}

function FilterBar({ filters, actions }: { filters: ReturnType<typeof useFilters>; actions: string[] }) {
  const [text, setText] = useState({ action: filters.one("action") ?? "", actor: filters.one("actor") ?? "" });
  const search = useDebouncedCallback((changes: Record<string, string>) => filters.set(changes), 300);
  const change = (name: "action" | "actor", value: string) => {
    setText({ ...text, [name]: value });
    search({ [name]: value.trim() });
  };
  return (
    <Group mb="md" gap="sm">
      <Autocomplete
        label="Action"
        placeholder="DRAFT_APPROVED"
        data={actions}
        value={text.action}
        onChange={(value) => change("action", value.toUpperCase())}
      />
      <TextInput
        label="Who"
        placeholder="Address or key"
        value={text.actor}
        onChange={(event) => change("actor", event.currentTarget.value)}
      />
      <DayRange filters={filters} />
    </Group>
  );
}

function Entry({ entry }: { entry: Schemas["AuditEntry"] }) {
  return (
    <Accordion.Item value={entry.id}>
      <Accordion.Control>
        <Group gap="xs" justify="space-between" wrap="nowrap" pr="xs">
          <div>
            <Text size="sm">
              <b>{phrase(entry.action)}</b>
              {entry.entity_name && `: ${entry.entity_name}`}
            </Text>
            <Text size="xs" c="dimmed">
              by {entry.actor}
            </Text>
          </div>
          <Text size="sm" c="dimmed">
            <Moment at={entry.created_at} />
          </Text>
        </Group>
      </Accordion.Control>
      <Accordion.Panel>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <div>
            <Json title="Before" value={entry.before} />
          </div>
          <div>
            <Json title="After" value={entry.after} />
          </div>
        </SimpleGrid>
        {entry.entity_type === "draft_order" && (
          <Anchor component={Link} to={`/orders/${entry.entity_id}`}>
            Open the order
          </Anchor>
        )}
        <Text size="xs" c="dimmed" mt="xs">
          <Code>{entry.action}</Code> {entry.entity_type} {entry.entity_id} · request {entry.request_id ?? "–"}
        </Text>
      </Accordion.Panel>
    </Accordion.Item>
  );
}
