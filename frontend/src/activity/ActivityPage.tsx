import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Accordion, Anchor, Autocomplete, Card, Code, Group, SimpleGrid, Text, TextInput } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { useAuditLog, useMay, useMe } from "../api/queries";
import { PageTitle } from "../shared/PageTitle";
import { DayRange } from "../shared/DayRange";
import { Empty } from "../shared/Empty";
import { phrase } from "../shared/format";
import { Moment } from "../shared/Moment";
import { Paged, useCursor } from "../shared/Pager";
import { Json } from "../shared/Json";
import { dayStart, useFilters, useTyped, type Filters } from "../shared/useFilters";

export default function ActivityPage() {
  const filters = useFilters();
  const cursor = useCursor();
  const may = useMay();
  const entries = useAuditLog({
    action: filters.one("action"),
    actor: filters.one("actor"),
    since: dayStart(filters.one("since")),
    until: dayStart(filters.one("until"), 1),
    limit: 50,
    cursor: cursor.cursor,
  });
  if (!may("AUDIT_READ")) return <NotAllowed />;
  return (
    <>
      <PageTitle about={t`Who changed what, newest first`}>{t`Activity`}</PageTitle>
      <FilterBar filters={filters} actions={[...new Set(entries.data?.items.map(({ action }) => action))].sort()} />
      <Paged query={entries} cursor={cursor} none={<Empty icon={IconHistory} title={t`Nothing fits what you chose`} />}>
        {(items) => (
          <Card padding={0}>
            <Accordion>
              {items.map((entry) => (
                <Entry key={entry.id} entry={entry} />
              ))}
            </Accordion>
          </Card>
        )}
      </Paged>
    </>
  );
}

function NotAllowed() {
  const { data: me } = useMe();
  if (!me) return null;
  return (
    <>
      <PageTitle>{t`Activity`}</PageTitle>
      <Empty icon={IconHistory} title={t`Your role may not see the activity`}>
        <Trans>
          Administrators and integrators may. What happened to an order stands in the order&apos;s timeline.
        </Trans>
      </Empty>
    </>
  );
}

function FilterBar({ filters, actions }: { filters: Filters; actions: string[] }) {
  const [action, typeAction] = useTyped(filters, "action");
  const [actor, typeActor] = useTyped(filters, "actor");
  return (
    <Group mb="md" gap="sm">
      <Autocomplete
        label={t`Action`}
        placeholder={t`DRAFT_APPROVED`}
        data={actions}
        value={action}
        onChange={(value) => typeAction(value.toUpperCase())}
      />
      <TextInput
        label={t`Who`}
        placeholder={t`Address or key`}
        value={actor}
        onChange={(event) => typeActor(event.currentTarget.value)}
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
              <Trans>by {entry.actor}</Trans>
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
            <Json title={t`Before`} value={entry.before} />
          </div>
          <div>
            <Json title={t`After`} value={entry.after} />
          </div>
        </SimpleGrid>
        {entry.entity_type === "draft_order" && (
          <Anchor component={Link} to={`/orders/${entry.entity_id}`}>
            <Trans>Open the order</Trans>
          </Anchor>
        )}
        <Text size="xs" c="dimmed" mt="xs">
          <Trans>
            <Code>{entry.action}</Code> {entry.entity_type} {entry.entity_id} · request {entry.request_id ?? "–"}
          </Trans>
        </Text>
      </Accordion.Panel>
    </Accordion.Item>
  );
}
