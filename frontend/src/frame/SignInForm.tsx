import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";
import type { ApiError } from "../api/client";
import { signIn } from "../api/signIn";
import { ErrorAlert } from "../shared/ErrorAlert";

/** Address and password; the address is given where somebody signs in again. */
export function SignInForm({ email: given }: { email?: string }) {
  const [email, setEmail] = useState(given ?? "");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  // Not a `useAction`: what that asks anew afterwards waits for somebody to be signed in.
  const signing = useMutation<unknown, ApiError, Parameters<typeof signIn>[0]>({ mutationFn: signIn });
  const reason = signing.error?.reason ?? "";
  const [asksForCode, setAsks] = useState(false);
  if (reason.startsWith("CODE_") && !asksForCode) setAsks(true);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    event.stopPropagation();
    if (!signing.isPending) signing.mutate({ email, password, code: asksForCode ? code : null });
  };
  return (
    <Stack component="form" onSubmit={submit}>
      {signing.error && reason !== "CODE_NEEDED" && <ErrorAlert error={signing.error} />}
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
      {asksForCode && (
        <TextInput
          label={t`Code`}
          description={t`The six digits that your app shows now, or a recovery code.`}
          autoComplete="one-time-code"
          required
          ref={focused}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
      )}
      <Button type="submit" loading={signing.isPending} fullWidth>
        <Trans>Sign in</Trans>
      </Button>
    </Stack>
  );
}

function focused(field: HTMLInputElement | null): void {
  field?.focus();
}
