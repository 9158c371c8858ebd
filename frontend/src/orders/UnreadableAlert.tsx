import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Alert, Badge, Box, Button, Code, Group, ScrollArea, Text, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useMay, type ExactOrder } from "../api/queries";
import { ErrorAlert } from "../shared/ErrorAlert";
import { Moment } from "../shared/Moment";
import { ConfirmButton } from "./OrderActions";
import { readAgainOutcome } from "./readAgain";

type Unreadable = Schemas["UnreadableAnswer"];

/** The ERP answered something that nobody understood: what it was, and the ways out. */
export function UnreadableAlert({ order, answer }: { order: ExactOrder; answer: Unreadable }) {
  const may = useMay();
  return (
    <Alert color="orange" title={t`The ERP's answer to this order cannot be read`}>
      <Text size="sm">{answer.reason}</Text>
      <Text size="xs" c="dimmed" mt={4}>
        <span className="mono">{answer.file}</span>
        {answer.read_at && (
          <>
            <Trans>
              , read <Moment at={answer.read_at} />
            </Trans>
          </>
        )}
      </Text>
      {answer.excerpt && <Excerpt text={answer.excerpt} />}
      {may("ORDERS_PUSH") && <WaysOut order={order} export_id={answer.export_id} />}
    </Alert>
  );
}

function Excerpt({ text }: { text: string }) {
  return (
    <ScrollArea.Autosize
      mah={160}
      mt="xs"
      viewportProps={{ tabIndex: 0, role: "region", "aria-label": t`What the answer says` }}
    >
      <Code block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {text}
      </Code>
    </ScrollArea.Autosize>
  );
}

/** `export_id` is that of the delivery that the answer is about: the order may have a later one, which waits for it. */
function WaysOut({ order, export_id }: { order: ExactOrder; export_id: string }) {
  const { id, version } = order;
  const name = order.external_order_number ?? id.slice(0, 8);
  const again = useAction(() => readAgain(export_id), {
    quiet: true,
    onDone: (read) => {
      const { settled, text } = readAgainOutcome(read);
      if (settled) notifications.show({ message: text, color: read.status === "ACKED" ? "teal" : "red" });
    },
  });
  return (
    <>
      <Text size="sm" mt="xs">
        <Trans>
          Once the file, or what kept us from it, is mended, have it read again. Or look up the number in the ERP and
          confirm the order by hand.
        </Trans>
      </Text>
      <Group gap="xs" mt="xs">
        <Button size="xs" loading={again.isPending} onClick={() => again.run(undefined)}>
          <Trans>Read again</Trans>
        </Button>
        {order.actions.includes("confirm") && <ConfirmButton id={id} name={name} version={version} size="xs" />}
      </Group>
      {again.error && (
        <Box mt="xs">
          <ErrorAlert error={again.error} />
        </Box>
      )}
      {again.data && (
        <Text size="sm" mt="xs" role="status">
          {readAgainOutcome(again.data).text}
        </Text>
      )}
    </>
  );
}

function readAgain(export_id: string) {
  return answer(api.POST("/api/v1/exports/{export_id}/read-answer-again", { params: { path: { export_id } } }));
}

export function UnreadableBadge({ answer }: { answer: Unreadable | null | undefined }) {
  if (!answer) return null;
  return (
    <Tooltip label={answer.reason ?? t`The ERP's answer cannot be read`}>
      <Badge variant="light" color="orange" radius="sm">
        <Trans>Answer unreadable</Trans>
      </Badge>
    </Tooltip>
  );
}
