import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Badge, Button, Group, Modal, PasswordInput, Select, Stack, Table, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState, type SyntheticEvent } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useMe, useUsers } from "../api/queries";
import { Answered } from "../shared/Answered";
import { confirm } from "../shared/confirm";
import { ErrorAlert } from "../shared/ErrorAlert";
import { ListTable } from "../shared/ListTable";
import { Moment } from "../shared/Moment";
import { StaleDialog } from "../shared/versions/StaleDialog";
import { changedOf } from "../shared/versions/differences";
import { useSaving, type Stored } from "../shared/versions/useSaving";
import { ROLES } from "./roles";

type User = Schemas["UserView"];
type Role = Schemas["Role"];
/** What decides what an account may do. */
type Access = { role: Role; active: boolean };

export function Users() {
  const users = useUsers(true);
  return (
    <>
      <Group justify="flex-end" mb="sm">
        <AddUser />
      </Group>
      <Answered query={users}>
        {(all) => (
          <ListTable head={<Head />} minWidth={520}>
            {all.map((user) => (
              <Row key={user.id} user={user} />
            ))}
          </ListTable>
        )}
      </Answered>
    </>
  );
}

function Head() {
  return (
    <>
      <Table.Th>
        <Trans>User</Trans>
      </Table.Th>
      <Table.Th>
        <Trans>Role</Trans>
      </Table.Th>
      <Table.Th>
        <Trans>Last sign-in</Trans>
      </Table.Th>
      <Table.Th ta="right">
        <Trans>Actions</Trans>
      </Table.Th>
    </>
  );
}

function Row({ user }: { user: User }) {
  const { data: me } = useMe();
  const shown = storedUser(user);
  const saving = useSaving<Access>({
    loaded: shown,
    load: async () => storedUser(await answer(api.GET("/api/v1/users/{user_id}", of(user)))),
    save: async (yours, headers, over) => {
      const body = changedOf(over, yours) as Schemas["UserChange"];
      return storedUser(await answer(api.PATCH("/api/v1/users/{user_id}", { ...of(user), headers, body })));
    },
    done: t`Saved`,
    click: true,
  });
  const change = (changed: Partial<Access>) => saving.save({ ...shown.value, ...changed }, shown);
  const own = me?.user_id === user.id;
  const disable = () =>
    confirm(
      t`Lock out ${user.email}?`,
      t`Every session ends at once. The account can be let in again.`,
      t`Lock out`,
      () => change({ active: false }),
    );
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {user.email}{" "}
          {!user.active && (
            <Badge color="gray" variant="light" size="sm">
              <Trans>locked out</Trans>
            </Badge>
          )}
        </Text>
        <Text size="xs" c="dimmed">
          {user.name}
        </Text>
        {saving.stale && (
          <StaleDialog
            stale={saving.stale}
            label={([name]) => t`${name === "role" ? t`Role` : t`Account`} of ${user.email}`}
            show={accessText}
            onBack={saving.putOff}
            back={t`Cancel`}
            onSettled={saving.settle}
          />
        )}
      </Table.Td>
      <Table.Td>
        <Select
          aria-label={t`Role of ${user.email}`}
          data={ROLES}
          value={user.role}
          disabled={own || saving.isPending}
          allowDeselect={false}
          w={150}
          onChange={(role) => role && change({ role: role as Role })}
        />
      </Table.Td>
      <Table.Td>
        <Moment at={user.last_login_at} />
      </Table.Td>
      <Table.Td ta="right">
        {!own && (
          <Group gap={6} justify="flex-end">
            <ResetPassword user={user} />
            {user.second_factor && <ResetSecondFactor user={user} />}
            {user.active ? (
              <Button size="xs" variant="subtle" color="red" loading={saving.isPending} onClick={disable}>
                <Trans>Lock out</Trans>
              </Button>
            ) : (
              <Button size="xs" variant="default" loading={saving.isPending} onClick={() => change({ active: true })}>
                <Trans>Let in</Trans>
              </Button>
            )}
          </Group>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function ResetSecondFactor({ user }: { user: User }) {
  const reset = useAction(
    () => answer(api.DELETE("/api/v1/users/{user_id}/second-factor", { params: { path: { user_id: user.id } } })),
    { done: t`The second factor is taken away` },
  );
  const ask = () =>
    confirm(
      t`Take the second factor of ${user.email} away?`,
      t`For who has lost phone and recovery codes: be sure that it is they who ask. Every session of theirs ends.`,
      t`Take it away`,
      () => reset.run(undefined),
    );
  return (
    <Button size="xs" variant="default" loading={reset.isPending} onClick={ask}>
      <Trans>Reset second factor</Trans>
    </Button>
  );
}

function of({ id }: User) {
  return { params: { path: { user_id: id } } };
}

function storedUser({ role, active, version }: User): Stored<Access> {
  return { value: { role, active }, version };
}

function accessText(value: unknown): string {
  if (typeof value === "boolean") return value ? t`may sign in` : t`locked out`;
  return ROLES.find((role) => role.value === value)?.label ?? String(value);
}

function ResetPassword({ user }: { user: User }) {
  const [opened, { open, close }] = useDisclosure();
  const [password, setPassword] = useState("");
  const reset = useAction(
    () =>
      answer(
        api.POST("/api/v1/users/{user_id}/password", { params: { path: { user_id: user.id } }, body: { password } }),
      ),
    { quiet: true, done: t`The password is set`, onDone: close },
  );
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    reset.run(undefined);
  };
  return (
    <>
      <Button size="xs" variant="default" onClick={open}>
        <Trans>Set password</Trans>
      </Button>
      <Modal opened={opened} onClose={close} title={t`Set the password of ${user.email}`}>
        <Stack component="form" onSubmit={submit}>
          <NewPassword value={password} onChange={setPassword} />
          {reset.error && <ErrorAlert error={reset.error} />}
          <Button type="submit" loading={reset.isPending}>
            <Trans>Set password</Trans>
          </Button>
        </Stack>
      </Modal>
    </>
  );
}

function AddUser() {
  const [opened, { open, close }] = useDisclosure();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<Role>("OPS");
  const add = useAction(() => answer(api.POST("/api/v1/users", { body: { email, password, role } })), {
    quiet: true,
    done: t`The user can sign in`,
    onDone: close,
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    add.run(undefined);
  };
  return (
    <>
      <Button onClick={open}>
        <Trans>Add user</Trans>
      </Button>
      <Modal opened={opened} onClose={close} title={t`Add user`}>
        <Stack component="form" onSubmit={submit}>
          <TextInput
            label={t`E-mail`}
            type="email"
            required
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <NewPassword value={password} onChange={setPassword} />
          <Select
            label={t`Role`}
            data={ROLES}
            value={role}
            allowDeselect={false}
            onChange={(value) => setRole(value as Role)}
          />
          {add.error && <ErrorAlert error={add.error} />}
          <Button type="submit" loading={add.isPending}>
            <Trans>Add user</Trans>
          </Button>
        </Stack>
      </Modal>
    </>
  );
}

function NewPassword({ value, onChange }: { value: string; onChange: (password: string) => void }) {
  return (
    <PasswordInput
      label={t`Password`}
      description={t`12 characters at least`}
      required
      autoComplete="new-password"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
