import { Card, Center, Group, Stack, Text, Title } from "@mantine/core";
import { SignInForm } from "./SignInForm";

export function SignInPage() {
  return (
    <Center mih="100vh" p="md" component="main">
      <title>Sign in · OrderFlow Connect</title>
      <Card w="100%" maw={400} p="xl" shadow="sm">
        <Stack>
          <Group gap="sm">
            <img src="/favicon.svg" alt="" width={36} height={36} />
            <div>
              <Title order={1} size="h3">
                OrderFlow Connect
              </Title>
              <Text c="dimmed" size="sm">
                Sign in to carry orders into your ERP
              </Text>
            </div>
          </Group>
          <SignInForm />
          <Text size="xs" c="dimmed">
            No account? An administrator adds you under Settings; the first one is made on the server with{" "}
            <code>orderflow user create</code>.
          </Text>
        </Stack>
      </Card>
    </Center>
  );
}
