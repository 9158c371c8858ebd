import { Button, Card, Center, Group, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { BASE } from "../api/base";
import { answer, api } from "../api/client";
import { useAction } from "../api/queries";
import { beginSession } from "../api/session";
import { ErrorAlert } from "../shared/ErrorAlert";

export function SignInPage() {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useAction(
    (body: { email: string; password: string }) => answer(api.POST("/api/v1/auth/login", { body })),
    { quiet: true, onDone: ({ access_token }) => beginSession(access_token) },
  );
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    signIn.run({ email, password });
  };
  return (
    <Center mih="100vh" p="md" component="main">
      <title>Sign in · OrderFlow Connect</title>
      <Card w="100%" maw={400} p="xl" shadow="sm" component="form" onSubmit={submit}>
        <Stack>
          <Group gap="sm">
            <img src={`${BASE}/favicon.svg`} alt="" width={36} height={36} />
            <div>
              <Title order={1} size="h3">
                OrderFlow Connect
              </Title>
              <Text c="dimmed" size="sm">
                Sign in to carry orders into your ERP
              </Text>
            </div>
          </Group>
          {signIn.error && <ErrorAlert error={signIn.error} />}
          <TextInput
            label="E-mail"
            type="email"
            autoComplete="username"
            required
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" loading={signIn.isPending} fullWidth>
            Sign in
          </Button>
          <Text size="xs" c="dimmed">
            No account? An administrator adds you under Settings; the first one is made on the server with{" "}
            <code>orderflow user create</code>.
          </Text>
        </Stack>
      </Card>
    </Center>
  );
}
