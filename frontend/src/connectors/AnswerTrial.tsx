import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Alert, Button, Fieldset, Group, NumberInput, Stack, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction } from "../api/queries";
import { ErrorAlert } from "../shared/ErrorAlert";
import { headersOf } from "./headers";
import type { Config } from "./form/schema";

type Verdict = Schemas["AnswerMeaning"];

interface Props {
  type: string;
  config: Config;
  id?: string;
}

const OK = 200;

/** An answer of the ERP as somebody has it, from a log or a manual, and what it would mean. Nothing is sent. */
export function AnswerTrial({ type, config, id }: Props) {
  const [status, setStatus] = useState<number | string>(OK);
  const [headers, setHeaders] = useState("Content-Type: application/json");
  const [body, setBody] = useState("");
  const trial = useAction(
    () =>
      answer(
        api.POST("/api/v1/connectors/answer", {
          body: { connector_type: type, config, id, status: Number(status), headers: headersOf(headers), body },
        }),
      ),
    { quiet: true },
  );
  return (
    <Fieldset legend={t`Try an answer`}>
      <Stack gap="sm">
        <Text size="xs" c="dimmed">
          <Trans>Paste what the ERP answers, and see what would follow from it. Nothing is sent.</Trans>
        </Text>
        <NumberInput
          label={t`Answer's status`}
          value={status}
          min={100}
          max={599}
          hideControls
          allowDecimal={false}
          maw={160}
          onChange={setStatus}
        />
        <Textarea
          label={t`Answer's headers`}
          description={t`One on each line, as in “Content-Type: text/xml”`}
          autosize
          minRows={1}
          maxRows={6}
          classNames={{ input: "mono" }}
          spellCheck={false}
          value={headers}
          onChange={(event) => setHeaders(event.currentTarget.value)}
        />
        <Textarea
          label={t`Answer's body`}
          autosize
          minRows={3}
          maxRows={14}
          classNames={{ input: "mono" }}
          spellCheck={false}
          value={body}
          onChange={(event) => setBody(event.currentTarget.value)}
        />
        <Group>
          <Button
            variant="default"
            loading={trial.isPending}
            disabled={status === ""}
            onClick={() => trial.run(undefined)}
          >
            <Trans>What would it mean?</Trans>
          </Button>
        </Group>
        {trial.error && <ErrorAlert error={trial.error} />}
        {trial.data && <Meaning verdict={trial.data} />}
      </Stack>
    </Fieldset>
  );
}

const MEANINGS: Record<Verdict["verdict"], [color: string, title: string]> = {
  DELIVERED: ["green", t`The order counts as delivered`],
  REFUSED: ["red", t`The ERP refused the order`],
  IN_DOUBT: ["orange", t`In doubt: the ERP is asked, or a person decides; it is not sent again`],
  BUSY: ["yellow", t`The ERP is busy: the connector rests, then the order is sent`],
  NEEDS_ATTENTION: ["red", t`The connector pauses until a person has mended it`],
  UNAVAILABLE: ["yellow", t`The ERP is away: the order waits until it is back`],
  RETRIED: ["yellow", t`Nothing was done: the order is sent again`],
};

function Meaning({ verdict: { verdict, erp_order_id, message, hint, code } }: { verdict: Verdict }) {
  const [color, title] = MEANINGS[verdict];
  return (
    <Alert color={color} title={title} role="status">
      {erp_order_id && (
        <Text size="sm">
          <Trans>
            Number in the ERP: <b>{erp_order_id}</b>
          </Trans>
        </Text>
      )}
      {message && <Text size="sm">{message}</Text>}
      {hint && (
        <Text size="sm" c="dimmed">
          {hint}
        </Text>
      )}
      {code && (
        <Text size="xs" className="mono" mt={4}>
          {code}
        </Text>
      )}
    </Alert>
  );
}
