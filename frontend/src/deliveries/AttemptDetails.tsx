import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Accordion, Group, Text } from "@mantine/core";
import type { Schemas } from "../api/client";
import { ProblemAlert } from "../shared/ErrorAlert";
import { Json } from "../shared/Json";
import { AttemptBadge } from "../shared/states";

export function AttemptDetails({ attempt }: { attempt: Schemas["AttemptDetail"] }) {
  return (
    <Accordion variant="contained" mt={6} chevronSize={16}>
      <Accordion.Item value={attempt.id}>
        <Accordion.Control p="xs">
          <Group gap="xs">
            <AttemptBadge status={attempt.status} />
            <Text size="sm" className="numeric">
              {attempt.latency_ms === null ? "" : t`${attempt.latency_ms} ms`}
            </Text>
            {attempt.error_message && (
              <Text size="sm" lineClamp={2} style={{ flex: 1 }}>
                {attempt.error_message}
              </Text>
            )}
          </Group>
        </Accordion.Control>
        <Accordion.Panel>
          {attempt.error_message && (
            <ProblemAlert problem={{ message: attempt.error_message, code: attempt.error_code }} />
          )}
          <Json title={t`Request`} value={attempt.request_json} />
          <Json title={t`Response`} value={attempt.response_json} />
          <Text size="xs" c="dimmed" mt="xs" className="mono">
            <Trans>
              request {attempt.request_id ?? "–"} · key {attempt.idempotency_key}
            </Trans>
          </Text>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}
