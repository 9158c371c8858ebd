import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Card, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { answer, api } from "../api/client";
import { useAction, useMe } from "../api/queries";
import { noteSession } from "../api/session";
import { BrowserNoticeChoice } from "./BrowserNoticeChoice";
import NoticeChoice from "./NoticeChoice";
import SecondFactor from "./SecondFactor";
import { ErrorAlert } from "../shared/ErrorAlert";

export function OwnAccount() {
  const { data: me } = useMe();
  const [old_password, setOld] = useState("");
  const [new_password, setNew] = useState("");
  const change = useAction(() => answer(api.POST("/api/v1/me/password", { body: { old_password, new_password } })), {
    quiet: true,
    onDone: () => noteSession(null),
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    change.run(undefined);
  };
  return (
    <Stack>
      <Card maw={480}>
        <Title order={2} size="h5">
          {me?.email}
        </Title>
        <Text size="sm" c="dimmed" mb="md">
          <Trans>Role {me?.role}</Trans>
        </Text>
        <Stack component="form" onSubmit={submit}>
          <PasswordInput
            label={t`Present password`}
            required
            autoComplete="current-password"
            value={old_password}
            onChange={(event) => setOld(event.currentTarget.value)}
          />
          <PasswordInput
            label={t`New password`}
            description={t`12 characters at least. Afterwards you sign in again.`}
            required
            autoComplete="new-password"
            value={new_password}
            onChange={(event) => setNew(event.currentTarget.value)}
          />
          {change.error && <ErrorAlert error={change.error} />}
          <Button type="submit" loading={change.isPending} style={{ alignSelf: "start" }}>
            <Trans>Change password</Trans>
          </Button>
        </Stack>
      </Card>
      <SecondFactor />
      <NoticeChoice />
      <BrowserNoticeChoice />
    </Stack>
  );
}
