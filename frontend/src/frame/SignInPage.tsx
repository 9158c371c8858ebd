import { i18n } from "@lingui/core";
import { Trans } from "@lingui/react/macro";
import { Anchor, Card, Center, Group, Stack, Text, Title } from "@mantine/core";
import { choose, LANGUAGES, nameOf } from "../language/language";
import { SignInForm } from "./SignInForm";
import { BASE } from "../api/base";

export function SignInPage() {
  return (
    <Center mih="100vh" p="md" component="main">
      <title>
        <Trans>Sign in · OrderFlow Connect</Trans>
      </title>
      <Card w="100%" maw={400} p="xl" shadow="sm">
        <Stack>
          <Group gap="sm">
            <img src={`${BASE}/favicon.svg`} alt="" width={36} height={36} />
            <div>
              <Title order={1} size="h3">
                <Trans>OrderFlow Connect</Trans>
              </Title>
              <Text c="dimmed" size="sm">
                <Trans>Sign in to carry orders into your ERP</Trans>
              </Text>
            </div>
          </Group>
          <SignInForm />
          <Text size="xs" c="dimmed">
            <Trans>
              No account? An administrator adds you under Settings; the first one is made on the server with{" "}
              <code>orderflow user create</code>.
            </Trans>
          </Text>
          <Group gap="md">
            {LANGUAGES.filter((language) => language !== i18n.locale).map((language) => (
              <Anchor key={language} component="button" type="button" lang={language} onClick={() => choose(language)}>
                {nameOf(language)}
              </Anchor>
            ))}
          </Group>
        </Stack>
      </Card>
    </Center>
  );
}
