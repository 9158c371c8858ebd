import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Badge, Button, Group, Modal, MultiSelect, Select, Stack, Table, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState, type SyntheticEvent } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useKeys } from "../api/queries";
import { Answered } from "../shared/Answered";
import { confirm } from "../shared/confirm";
import { ErrorAlert } from "../shared/ErrorAlert";
import { ListTable } from "../shared/ListTable";
import { Moment } from "../shared/Moment";
import { ShownOnce } from "../shared/ShownOnce";
import { ROLES, scopeLabel, SCOPES, type Scope } from "./roles";

type Role = Schemas["Role"];

export function ApiKeys() {
  const keys = useKeys(true);
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text size="sm" c="dimmed">
          <Trans>How programs sign in</Trans>
        </Text>
        <NewKey />
      </Group>
      <Answered query={keys}>
        {(all) =>
          all.length === 0 ? (
            <Text c="dimmed" size="sm">
              <Trans>There is none yet.</Trans>
            </Text>
          ) : (
            <ListTable head={<Head />} minWidth={520}>
              {all.map((key) => (
                <Row key={key.id} entry={key} />
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
        <Trans>Key</Trans>
      </Table.Th>
      <Table.Th>
        <Trans>Role</Trans>
      </Table.Th>
      <Table.Th>
        <Trans>Last used</Trans>
      </Table.Th>
      <Table.Th ta="right">
        <Trans>Actions</Trans>
      </Table.Th>
    </>
  );
}

function Row({ entry }: { entry: Schemas["KeyView"] }) {
  const revoke = useAction(
    () => answer(api.DELETE("/api/v1/api-keys/{key_id}", { params: { path: { key_id: entry.id } } })),
    { done: t`The key is revoked` },
  );
  const ask = () =>
    confirm(t`Revoke ${entry.name}?`, t`Programs that use it are refused at once, for good.`, t`Revoke`, () =>
      revoke.run(undefined),
    );
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {entry.name}{" "}
          {entry.revoked_at && (
            <Badge color="gray" variant="light" size="sm">
              <Trans>revoked</Trans>
            </Badge>
          )}
        </Text>
        <Text size="xs" c="dimmed" className="mono">
          <Trans>ofk_{entry.prefix}…</Trans>
        </Text>
      </Table.Td>
      <Table.Td>
        {entry.role}
        {entry.scopes && (
          <Text size="xs" c="dimmed">
            <Trans>only {entry.scopes.map(scopeLabel).join(", ")}</Trans>
          </Text>
        )}
        {entry.expires_at && (
          <Text size="xs" c="dimmed">
            <Trans>
              until <Moment at={entry.expires_at} />
            </Trans>
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Moment at={entry.last_used_at} />
      </Table.Td>
      <Table.Td ta="right">
        {!entry.revoked_at && (
          <Button size="xs" variant="subtle" color="red" loading={revoke.isPending} onClick={ask}>
            <Trans>Revoke</Trans>
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function NewKey() {
  const [opened, { open, close }] = useDisclosure();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("INTEGRATOR");
  const [scopes, setScopes] = useState<string[]>([]);
  const body = { name, role, ...(scopes.length > 0 && { scopes: scopes as Scope[] }) };
  const make = useAction(() => answer(api.POST("/api/v1/api-keys", { body })), { quiet: true });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    make.run(undefined);
  };
  const start = () => {
    make.reset();
    setName("");
    setScopes([]);
    open();
  };
  return (
    <>
      <Button onClick={start}>
        <Trans>New key</Trans>
      </Button>
      <Modal opened={opened} onClose={close} title={t`New API key`}>
        {make.data ? (
          <ShownOnce value={make.data.key} />
        ) : (
          <Stack component="form" onSubmit={submit}>
            <TextInput
              label={t`Name`}
              description={t`What uses it`}
              required
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Select
              label={t`Role`}
              data={ROLES}
              value={role}
              allowDeselect={false}
              onChange={(value) => setRole(value as Role)}
            />
            <MultiSelect
              label={t`Only for`}
              description={t`Of what the role may do; all of it where nothing is chosen`}
              data={SCOPES}
              value={scopes}
              onChange={setScopes}
            />
            {make.error && <ErrorAlert error={make.error} />}
            <Button type="submit" loading={make.isPending}>
              <Trans>Make key</Trans>
            </Button>
          </Stack>
        )}
      </Modal>
    </>
  );
}
