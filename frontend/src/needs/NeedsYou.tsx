import { plural, t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { ActionIcon, Alert, Badge, Button, Card, Group, Menu, Stack, Text, Title } from "@mantine/core";
import { IconCheck, IconDots } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useMay, useMe, useNeeds, useVisit } from "../api/queries";
import { useBulkJob } from "../jobs/useBulkJob";
import { Answered } from "../shared/Answered";
import { confirm } from "../shared/confirm";
import { count } from "../shared/format";
import { Moment } from "../shared/Moment";
import { NoteDialog } from "./NoteDialog";
import { isNew, needCauses, needColor, needLink, needTitle, putOffChoices, type Need } from "./needText";
import { RetryAll } from "./RetryAll";

/** What somebody has to deal with, the most urgent first; what is solved goes. */
export function NeedsYou() {
  const query = useNeeds(true);
  return <Answered query={query}>{(needs) => <Groups needs={needs} />}</Answered>;
}

function Groups({ needs: { items, open } }: { needs: Schemas["Needs"] }) {
  const [all, setAll] = useState(false);
  const visit = useVisit().data;
  const shown = items.filter(({ snoozed }) => all || !snoozed);
  const putOff = items.length - open;
  return (
    <Card padding={0} component="section" aria-label={t`Needs you`} mb="md">
      <Group justify="space-between" px="lg" pt="md" pb="xs">
        <Title order={2} size="h4">
          <Trans>Needs you</Trans>
        </Title>
        {putOff > 0 && (
          <Button size="compact-sm" variant="subtle" onClick={() => setAll(!all)} aria-expanded={all}>
            {all ? t`Hide what is put off (${count(putOff)})` : t`Show what is put off (${count(putOff)})`}
          </Button>
        )}
      </Group>
      {visit?.since && <Since visit={visit} />}
      {shown.length === 0 && <NothingNeedsYou />}
      <ul className="needs">
        {shown.map((need) => (
          <Row key={need.key} need={need} fresh={isNew(need, visit?.since)} />
        ))}
      </ul>
    </Card>
  );
}

function Since({ visit }: { visit: Schemas["Visit"] }) {
  return (
    <Text size="sm" c="dimmed" px="lg" pb="xs" className="numeric">
      <Trans>
        Since your last visit, <Moment at={visit.since} absolute />:{" "}
        {plural(visit.orders, { one: "# order", other: "# orders" })} came in, {count(visit.confirmed)} confirmed,{" "}
        {count(visit.failed)} failed.
      </Trans>
    </Text>
  );
}

function NothingNeedsYou() {
  return (
    <Alert color="teal" icon={<IconCheck size={18} />} mx="lg" mb="md" py="xs">
      <Trans>Nothing needs you now.</Trans>
    </Alert>
  );
}

function Row({ need, fresh }: { need: Need; fresh: boolean }) {
  const title = needTitle(need);
  return (
    <li className="need" style={{ borderLeftColor: `var(--mantine-color-${needColor(need)}-filled)` }}>
      <div className="need-text">
        <Group gap="xs">
          <Text fw={600} className="numeric">
            {title}
          </Text>
          {need.customers > 1 && (
            <Text size="sm" c="dimmed">
              <Trans>of {plural(need.customers, { one: "# customer", other: "# customers" })}</Trans>
            </Text>
          )}
          {fresh && (
            <Badge size="sm" color="indigo" variant="filled">
              <Trans>new</Trans>
            </Badge>
          )}
          {need.snoozed && (
            <Badge size="sm" color="gray" variant="light">
              <Trans>put off</Trans>
            </Badge>
          )}
        </Group>
        {needCauses(need).map((cause) => (
          <Text key={cause} size="sm" className="need-cause">
            {cause}
          </Text>
        ))}
        {need.hint && (
          <Text size="xs" c="dimmed">
            {need.hint}
          </Text>
        )}
        <About need={need} />
      </div>
      <Actions need={need} title={title} />
    </li>
  );
}

function About({ need: { code, since, mark } }: { need: Need }) {
  return (
    <Stack gap={0}>
      <Text size="xs" c="dimmed">
        {code && <span className="mono">{code} </span>}
        {since && (
          <>
            <Trans>
              the oldest <Moment at={since} />
            </Trans>
          </>
        )}
      </Text>
      {mark && (mark.assigned_to ?? mark.note ?? mark.snoozed_until) && (
        <Text size="sm" mt={2}>
          {mark.assigned_to && <b>{mark.assigned_to} </b>}
          {mark.note}
          {mark.snoozed_until && new Date(mark.snoozed_until) > new Date() && (
            <>
              <Trans>
                {" "}
                (until <Moment at={mark.snoozed_until} absolute />)
              </Trans>
            </>
          )}
        </Text>
      )}
    </Stack>
  );
}

function Actions({ need, title }: { need: Need; title: string }) {
  const may = useMay();
  return (
    <Group gap="xs" wrap="nowrap" className="need-actions">
      {need.kind === "FAILED" && need.code && may("ORDERS_PUSH") && <RetryAll code={need.code} orders={need.orders} />}
      {need.kind === "READY" && may("ORDERS_APPROVE") && <ApproveAll orders={need.orders} />}
      <Button component={Link} to={needLink(need)} size="xs" variant="default" aria-label={t`Open: ${title}`}>
        <Trans>Open</Trans>
      </Button>
      {may("NEEDS_MARK") && <Marks need={need} title={title} />}
    </Group>
  );
}

function ApproveAll({ orders }: { orders: number }) {
  const job = useBulkJob();
  const what = t`They are all that are READY now. Approved orders may be pushed to the ERP.`;
  const ask = () =>
    confirm(
      t`Approve ${plural(orders, { one: "# order", other: "# orders" })}?`,
      what,
      t`Approve all`,
      () => job.run({ action: "approve", filter: {} }),
      {
        color: "indigo",
      },
    );
  return (
    <Button size="xs" variant="light" loading={job.isPending} onClick={ask}>
      <Trans>Approve all</Trans>
    </Button>
  );
}

/** Who takes care of it, why it waits, and until when. */
function Marks({ need, title }: { need: Need; title: string }) {
  const me = useMe().data?.email;
  const [opened, setOpened] = useState(false);
  const mark = useAction((change: Omit<Schemas["NeedChange"], "key">) =>
    answer(api.POST("/api/v1/needs/mark", { body: { key: need.key, ...change } })),
  );
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label={t`More: ${title}`} loading={mark.isPending}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {me && need.mark?.assigned_to !== me && (
            <Menu.Item onClick={() => mark.run({ assigned_to: me })}>
              <Trans>I take care of it</Trans>
            </Menu.Item>
          )}
          <Menu.Item onClick={() => setOpened(true)}>
            <Trans>Assign, note…</Trans>
          </Menu.Item>
          <Menu.Divider />
          {need.snoozed ? (
            <Menu.Item onClick={() => mark.run({ snoozed_until: null })}>
              <Trans>Bring back</Trans>
            </Menu.Item>
          ) : (
            putOffChoices(new Date()).map(({ label, until }) => (
              <Menu.Item key={label} onClick={() => mark.run({ snoozed_until: until.toISOString() })}>
                {label}
              </Menu.Item>
            ))
          )}
        </Menu.Dropdown>
      </Menu>
      {opened && (
        <NoteDialog
          title={title}
          mark={need.mark}
          onGiven={(change) => {
            setOpened(false);
            mark.run(change);
          }}
          onClose={() => setOpened(false)}
        />
      )}
    </>
  );
}
