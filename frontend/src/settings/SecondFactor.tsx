import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Card, Code, Group, Modal, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState, type SyntheticEvent } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useSecondFactor } from "../api/queries";
import { Answered } from "../shared/Answered";
import { ErrorAlert } from "../shared/ErrorAlert";
import { ShownOnce } from "../shared/ShownOnce";

/** One's own second factor: on, off, and the codes for when the phone is lost. */
export default function SecondFactor() {
  const [codes, setCodes] = useState<string[]>();
  return (
    <Card maw={480}>
      <Title order={2} size="h5">
        <Trans>Second factor</Trans>
      </Title>
      <Text size="sm" c="dimmed" mb="md">
        <Trans>
          A code that an app on your phone shows, beside the password. Who learns the password has nothing of it.
        </Trans>
      </Text>
      {codes && (
        <Stack gap="xs" mb="md">
          <Text size="sm">
            <Trans>Recovery codes: each gets you in once without your phone. Keep them apart from it.</Trans>
          </Text>
          <ShownOnce value={codes.join("\n")} />
        </Stack>
      )}
      <Answered query={useSecondFactor()}>
        {(known) => (known.on ? <On known={known} onCodes={setCodes} /> : <Off onCodes={setCodes} />)}
      </Answered>
    </Card>
  );
}

function On({ known, onCodes }: { known: Schemas["SecondFactorView"]; onCodes: (codes: string[]) => void }) {
  const renew = (body: Schemas["PasswordAndCode"]) =>
    answer(api.POST("/api/v1/me/second-factor/recovery-codes", { body })).then((made) => onCodes(made.recovery_codes));
  const end = (body: Schemas["PasswordAndCode"]) => answer(api.POST("/api/v1/me/second-factor/off", { body }));
  return (
    <Stack gap="xs">
      <Text size="sm">
        <Trans>It is on. Recovery codes left: {known.recovery_codes_left}.</Trans>
      </Text>
      <Group>
        <Proving label={t`New recovery codes`} act={renew} />
        <Proving label={t`Take it away`} act={end} danger />
      </Group>
    </Stack>
  );
}

function Off({ onCodes }: { onCodes: (codes: string[]) => void }) {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const begin = useAction(() => answer(api.POST("/api/v1/me/second-factor", { body: { password } })), { quiet: true });
  const confirm = useAction(() => answer(api.POST("/api/v1/me/second-factor/confirm", { body: { code } })), {
    quiet: true,
    onDone: ({ recovery_codes }) => onCodes(recovery_codes),
  });
  const begun = begin.data;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    (begun ? confirm : begin).run(undefined);
  };
  const error = begun ? confirm.error : begin.error;
  return (
    <Stack component="form" onSubmit={submit}>
      {begun ? (
        <>
          <Text size="sm">
            <Trans>Let an authenticator app read this picture, or type in what stands below it.</Trans>
          </Text>
          <img src={begun.picture} alt={t`The secret as a QR code`} width={200} height={200} className="picture" />
          <Code block>{begun.secret}</Code>
          <TextInput
            label={t`Code`}
            description={t`The six digits that the app shows now`}
            autoComplete="one-time-code"
            required
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
        </>
      ) : (
        <PasswordInput
          label={t`Your password`}
          required
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
      )}
      {error && <ErrorAlert error={error} />}
      <Button type="submit" loading={begin.isPending || confirm.isPending} style={{ alignSelf: "start" }}>
        {begun ? t`Turn on` : t`Set up a second factor`}
      </Button>
    </Stack>
  );
}

interface ProvingProps {
  label: string;
  act: (body: Schemas["PasswordAndCode"]) => Promise<unknown>;
  danger?: boolean;
}

/** A button that first has one show that it is oneself. */
function Proving({ label, act, danger }: ProvingProps) {
  const [opened, { open, close }] = useDisclosure();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const action = useAction(() => act({ password, code }), { quiet: true, onDone: close });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    action.run(undefined);
  };
  return (
    <>
      <Button size="xs" variant="default" onClick={open}>
        {label}
      </Button>
      <Modal opened={opened} onClose={close} title={label}>
        <Stack component="form" onSubmit={submit}>
          <PasswordInput
            label={t`Your password`}
            required
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <TextInput
            label={t`Code`}
            description={t`The six digits that your app shows now, or a recovery code.`}
            autoComplete="one-time-code"
            required
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
          {action.error && <ErrorAlert error={action.error} />}
          <Button type="submit" color={danger ? "red" : undefined} loading={action.isPending}>
            {label}
          </Button>
        </Stack>
      </Modal>
    </>
  );
}
