import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Alert, Button, Code, Group, Loader, Progress, Text } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { ApiError, Schemas } from "../api/client";
import { ErrorAlert } from "../shared/ErrorAlert";
import { tenths } from "../shared/format";

/** Seconds after which the server gives a test up. */
const LIMIT = 5;

interface Props {
  pending: boolean;
  passed: Schemas["TestPassed"] | undefined;
  error: ApiError | null;
  /** The API's names of fields in the words of the form. */
  label?: (field: string) => string;
  words?: (sentence: string) => string;
  onAccept?: (hostKey: string, fingerprint: string) => void;
}

/** A connection test while it runs, and how it ended. */
export function TestResult({ pending, passed, error, label, words, onAccept }: Props) {
  if (pending) return <Running />;
  if (error) return <Failed error={error} label={label} words={words} onAccept={onAccept} />;
  if (!passed) return null;
  const note = passed.details.note;
  return (
    <Alert color="green" icon={<IconCircleCheck size={18} />} title={t`The test passed`} role="status">
      <Trans>
        {typeof note === "string" ? note : t`The target is there and would take orders.`} It took {passed.latency_ms}{" "}
        ms.
      </Trans>
    </Alert>
  );
}

function Running() {
  const [elapsed, setElapsed] = useState(0);
  useEffect(() => {
    const started = performance.now();
    const timer = window.setInterval(() => setElapsed((performance.now() - started) / 1000), 100);
    return () => window.clearInterval(timer);
  }, []);
  return (
    <Alert color="indigo" icon={<Loader size={18} />} title={t`Testing the connection`} role="status">
      <Text size="sm" className="numeric">
        <Trans>Connecting, signing in, and trying what a delivery does: {tenths(elapsed)} s</Trans>
      </Text>
      <Progress value={Math.min(100, (elapsed / LIMIT) * 100)} size="sm" mt="xs" aria-label={t`Time used`} />
    </Alert>
  );
}

function Failed({ error, label, words, onAccept }: { error: ApiError } & Pick<Props, "label" | "words" | "onAccept">) {
  const fingerprint = error.text("fingerprint");
  const hostKey = error.text("host_key");
  return (
    <ErrorAlert error={error} label={label} words={words}>
      {fingerprint && hostKey && (
        <div>
          <Text size="sm" mt="xs">
            <Trans>The server shows this key. Compare it with what the server's operator says it is:</Trans>
          </Text>
          <Code block mt={4}>
            {fingerprint}
          </Code>
          {onAccept && (
            <Group mt="xs">
              <Button size="xs" onClick={() => onAccept(hostKey, fingerprint)}>
                <Trans>It is the same: accept this key</Trans>
              </Button>
            </Group>
          )}
        </div>
      )}
    </ErrorAlert>
  );
}
