import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Badge, Button, Group, Menu, Modal, MultiSelect, Stack, Table, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState, type SyntheticEvent } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useWebhooks } from "../api/queries";
import { Answered } from "../shared/Answered";
import { confirm } from "../shared/confirm";
import { ErrorAlert } from "../shared/ErrorAlert";
import { ListTable } from "../shared/ListTable";
import { Moment } from "../shared/Moment";
import { ShownOnce } from "../shared/ShownOnce";
import { WebhookLog } from "./WebhookLog";
import { KINDS } from "./kinds";

type Webhook = Schemas["Webhook"];
type Kind = Webhook["kinds"][number];

export function Webhooks() {
  const webhooks = useWebhooks();
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text size="sm" c="dimmed">
          <Trans>Programs that are told what happens</Trans>
        </Text>
        <NewWebhook />
      </Group>
      <Answered query={webhooks}>
        {(all) =>
          all.length === 0 ? (
            <Text c="dimmed" size="sm">
              <Trans>There is none yet.</Trans>
            </Text>
          ) : (
            <ListTable head={<Head />} minWidth={560}>
              {all.map((webhook) => (
                <Row key={webhook.id} webhook={webhook} />
              ))}
            </ListTable>
          )
        }
      </Answered>
    </>
  );
}

function Head() {
  return (
    <>
      <Table.Th>
        <Trans>Webhook</Trans>
      </Table.Th>
      <Table.Th>
        <Trans>Gets</Trans>
      </Table.Th>
      <Table.Th>
        <Trans>Waiting</Trans>
      </Table.Th>
      <Table.Th>
        <Trans>Last taken</Trans>
      </Table.Th>
      <Table.Th ta="right">
        <Trans>Actions</Trans>
      </Table.Th>
    </>
  );
}

function Row({ webhook }: { webhook: Webhook }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {webhook.name ?? t`Webhook`} <State webhook={webhook} />
        </Text>
        <Text size="xs" c="dimmed" className="mono" style={{ overflowWrap: "anywhere" }}>
          {webhook.url}
        </Text>
        {webhook.last_error && (
          <Text size="xs" c="red.9">
            {webhook.last_error.message}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Text size="sm">{webhook.kinds.length === 0 ? t`everything` : webhook.kinds.join(", ")}</Text>
      </Table.Td>
      <Table.Td className="numeric">{webhook.waiting}</Table.Td>
      <Table.Td>
        <Moment at={webhook.delivered_at} />
      </Table.Td>
      <Table.Td ta="right">
        <Actions webhook={webhook} />
      </Table.Td>
    </Table.Tr>
  );
}

function State({ webhook }: { webhook: Webhook }) {
  if (webhook.status === "DISABLED") {
    return (
      <Badge color="gray" variant="light" size="sm">
        {webhook.disabled_at ? t`disabled, as it took nothing` : t`disabled`}
      </Badge>
    );
  }
  return webhook.failing_since ? (
    <Badge color="red" variant="light" size="sm">
      <Trans>takes nothing</Trans>
    </Badge>
  ) : null;
}

function Actions({ webhook }: { webhook: Webhook }) {
  const path = { webhook_id: webhook.id };
  const [logged, log] = useDisclosure();
  const disabled = webhook.status === "DISABLED";
  const test = useAction(() => answer(api.POST("/api/v1/webhooks/{webhook_id}/test", { params: { path } })), {
    done: ({ taken, status, ms }) =>
      taken
        ? t`It answered with ${String(status)} after ${String(ms)} ms`
        : status
          ? t`It did not take the test: it answered with ${String(status)}`
          : t`It did not take the test`,
  });
  const change = useAction((enabled: boolean) =>
    answer(api.PATCH("/api/v1/webhooks/{webhook_id}", { params: { path }, body: { enabled } })),
  );
  const rotate = useAction(() =>
    answer(api.POST("/api/v1/webhooks/{webhook_id}/rotate-secret", { params: { path }, body: { overlap_hours: 24 } })),
  );
  const remove = useAction(() => answer(api.DELETE("/api/v1/webhooks/{webhook_id}", { params: { path } })), {
    done: t`The webhook is removed`,
  });
  return (
    <Group gap="xs" justify="flex-end" wrap="nowrap">
      <Button size="xs" variant="subtle" onClick={log.open}>
        <Trans>Log</Trans>
      </Button>
      <Menu>
        <Menu.Target>
          <Button size="xs" variant="subtle" aria-label={t`More for ${webhook.name ?? webhook.url}`}>
            <Trans>More</Trans>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => test.run(undefined)}>
            <Trans>Send a test</Trans>
          </Menu.Item>
          <Menu.Item onClick={() => change.run(disabled)}>{disabled ? t`Enable` : t`Disable`}</Menu.Item>
          <Menu.Item
            onClick={() =>
              confirm(
                t`Make another secret?`,
                t`For a day both sign what is sent, so that the program can change over.`,
                t`New secret`,
                () => rotate.run(undefined),
                { color: "blue" },
              )
            }
          >
            <Trans>New secret</Trans>
          </Menu.Item>
          <Menu.Item
            color="red"
            onClick={() =>
              confirm(
                t`Remove the webhook?`,
                t`Nothing is sent there any more, and its log is deleted.`,
                t`Remove`,
                () => remove.run(undefined),
              )
            }
          >
            <Trans>Remove</Trans>
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={logged} onClose={log.close} title={t`What was sent`} size="xl">
        <WebhookLog webhook={webhook} />
      </Modal>
      <Modal opened={rotate.data !== undefined} onClose={() => rotate.reset()} title={t`New secret`}>
        {rotate.data && <ShownOnce value={rotate.data.secret} />}
      </Modal>
    </Group>
  );
}

function NewWebhook() {
  const [opened, { open, close }] = useDisclosure();
  const [url, setUrl] = useState("");
  const [name, setName] = useState("");
  const [kinds, setKinds] = useState<Kind[]>([]);
  const make = useAction(
    () => answer(api.POST("/api/v1/webhooks", { body: { url, kinds, name: name === "" ? null : name } })),
    { quiet: true },
  );
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    make.run(undefined);
  };
  const start = () => {
    make.reset();
    setUrl("");
    setName("");
    setKinds([]);
    open();
  };
  return (
    <>
      <Button onClick={start}>
        <Trans>New webhook</Trans>
      </Button>
      <Modal opened={opened} onClose={close} title={t`New webhook`}>
        {make.data ? (
          <ShownOnce value={make.data.secret} />
        ) : (
          <Stack component="form" onSubmit={submit}>
            <TextInput
              label={t`Address`}
              description={t`What happens from now on is posted there`}
              placeholder={t`https://shop.example/hooks`}
              required
              value={url}
              onChange={(event) => setUrl(event.currentTarget.value)}
            />
            <TextInput label={t`Name`} value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <MultiSelect
              label={t`Gets`}
              description={t`Nothing chosen: everything`}
              data={KINDS}
              value={kinds}
              searchable
              clearable
              onChange={(chosen) => setKinds(chosen as Kind[])}
            />
            {make.error && <ErrorAlert error={make.error} />}
            <Button type="submit" loading={make.isPending}>
              <Trans>Make webhook</Trans>
            </Button>
          </Stack>
        )}
      </Modal>
    </>
  );
}
