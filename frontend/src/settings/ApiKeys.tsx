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
          How programs sign in
        </Text>
        <NewKey />
      </Group>
      <Answered query={keys}>
        {(all) =>
          all.length === 0 ? (
            <Text c="dimmed" size="sm">
              There is none yet.
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
      <Table.Th>Key</Table.Th>
      <Table.Th>Role</Table.Th>
      <Table.Th>Last used</Table.Th>
      <Table.Th ta="right">Actions</Table.Th>
    </>
  );
}

function Row({ entry }: { entry: Schemas["KeyView"] }) {
  const revoke = useAction(
    () => answer(api.DELETE("/api/v1/api-keys/{key_id}", { params: { path: { key_id: entry.id } } })),
    { done: "The key is revoked" },
  );
  const ask = () =>
    confirm(`Revoke ${entry.name}?`, "Programs that use it are refused at once, for good.", "Revoke", () =>
      revoke.run(undefined),
    );
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {entry.name}{" "}
          {entry.revoked_at && (
            <Badge color="gray" variant="light" size="sm">
              revoked
            </Badge>
          )}
        </Text>
        <Text size="xs" c="dimmed" className="mono">
          ofk_{entry.prefix}…
        </Text>
      </Table.Td>
      <Table.Td>
        {entry.role}
        {entry.scopes && (
          <Text size="xs" c="dimmed">
            only {entry.scopes.map(scopeLabel).join(", ")}
          </Text>
        )}
        {entry.expires_at && (
          <Text size="xs" c="dimmed">
            until <Moment at={entry.expires_at} />
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Moment at={entry.last_used_at} />
      </Table.Td>
      <Table.Td ta="right">
        {!entry.revoked_at && (
          <Button size="xs" variant="subtle" color="red" loading={revoke.isPending} onClick={ask}>
            Revoke
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
      <Button onClick={start}>New key</Button>
      <Modal opened={opened} onClose={close} title="New API key">
        {make.data ? (
          <ShownOnce value={make.data.key} />
        ) : (
          <Stack component="form" onSubmit={submit}>
            <TextInput
              label="Name"
              description="What uses it"
              required
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Select
              label="Role"
              data={ROLES}
              value={role}
              allowDeselect={false}
              onChange={(value) => setRole(value as Role)}
            />
            <MultiSelect
              label="Only for"
              description="Of what the role may do; all of it where nothing is chosen"
              data={SCOPES}
              value={scopes}
              onChange={setScopes}
            />
            {make.error && <ErrorAlert error={make.error} />}
            <Button type="submit" loading={make.isPending}>
              Make key
            </Button>
          </Stack>
        )}
      </Modal>
    </>
  );
}
