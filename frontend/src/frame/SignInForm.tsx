import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { useAction } from "../api/queries";
import { signIn } from "../api/signIn";
import { ErrorAlert } from "../shared/ErrorAlert";

/** Address and password; the address is given where somebody signs in again. */
export function SignInForm({ email: given }: { email?: string }) {
  const [email, setEmail] = useState(given ?? "");
  const [password, setPassword] = useState("");
  const signing = useAction(signIn, { quiet: true });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    event.stopPropagation();
    signing.run({ email, password });
  };
  return (
    <Stack component="form" onSubmit={submit}>
      {signing.error && <ErrorAlert error={signing.error} />}
      <TextInput
        label={t`E-mail`}
        type="email"
        autoComplete="username"
        required
        readOnly={given !== undefined}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <PasswordInput
        label={t`Password`}
        autoComplete="current-password"
        required
        data-autofocus={given !== undefined || undefined}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Button type="submit" loading={signing.isPending} fullWidth>
        <Trans>Sign in</Trans>
      </Button>
    </Stack>
  );
}
