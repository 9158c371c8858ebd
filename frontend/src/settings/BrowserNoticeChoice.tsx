import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Card, Group, Stack, Switch, Text, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { keepNotices, keptNotices, type Notices } from "../shared/notices";

const NIGHT = { from: "20:00", to: "07:00" };

/** What this browser tells of while the page is in another tab or behind another window. */
export function BrowserNoticeChoice() {
  const [notices, setNotices] = useState(keptNotices);
  const [refused, setRefused] = useState(false);
  const change = async (changed: Partial<Notices>) => {
    const next = { ...notices, ...changed };
    const asks = (next.first || next.mine) && "Notification" in window && Notification.permission !== "granted";
    const may = !asks || (await Notification.requestPermission()) === "granted";
    setRefused(!may || !("Notification" in window));
    if (!may) return;
    keepNotices(next);
    setNotices(next);
  };
  return (
    <Card maw={480}>
      <Title order={2} size="h5">
        <Trans>Notices of this browser</Trans>
      </Title>
      <Text size="sm" c="dimmed" mb="md">
        <Trans>
          While OrderFlow is open in a tab that you do not look at. They count from the next time it is loaded.
        </Trans>
      </Text>
      <Stack gap="sm">
        <Switch
          label={t`The first of a new kind of failure, or of anything else that needs somebody`}
          checked={notices.first}
          onChange={(event) => void change({ first: event.currentTarget.checked })}
        />
        <Switch
          label={t`What somebody gives me to take care of`}
          checked={notices.mine}
          onChange={(event) => void change({ mine: event.currentTarget.checked })}
        />
        <Switch
          label={t`Quiet hours`}
          checked={notices.quiet !== null}
          onChange={(event) => void change({ quiet: event.currentTarget.checked ? NIGHT : null })}
        />
        {notices.quiet && (
          <Group grow>
            <TextInput
              type="time"
              label={t`From`}
              value={notices.quiet.from}
              onChange={(event) =>
                void change({ quiet: { ...NIGHT, ...notices.quiet, from: event.currentTarget.value } })
              }
            />
            <TextInput
              type="time"
              label={t`To`}
              value={notices.quiet.to}
              onChange={(event) =>
                void change({ quiet: { ...NIGHT, ...notices.quiet, to: event.currentTarget.value } })
              }
            />
          </Group>
        )}
        {refused && (
          <Text size="sm" c="red" role="alert">
            <Trans>This browser does not allow it: allow notifications of this page in its settings.</Trans>
          </Text>
        )}
      </Stack>
    </Card>
  );
}
