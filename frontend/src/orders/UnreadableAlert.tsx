import type { Schemas } from "../api/client";
import { Alert, Badge, Code, Group, ScrollArea, Text, Tooltip } from "@mantine/core";
import { useMay, type ExactOrder } from "../api/queries";
import { Moment } from "../shared/Moment";
import { ConfirmButton } from "./OrderActions";

type Unreadable = Schemas["UnreadableAnswer"];

/** The ERP answered something that nobody understood: what it was, and the ways out. */
export function UnreadableAlert({ order, answer }: { order: ExactOrder; answer: Unreadable }) {
  const may = useMay();
  const name = order.external_order_number ?? order.id.slice(0, 8);
  return (
    <Alert color="orange" title="The ERP's answer to this order cannot be read">
      <Text size="sm">{answer.reason}</Text>
      <Text size="xs" c="dimmed" mt={4}>
        <span className="mono">{answer.file}</span>
        {answer.read_at && (
          <>
            , read <Moment at={answer.read_at} />
          </>
        )}
      </Text>
      {answer.excerpt && (
        <ScrollArea.Autosize
          mah={160}
          mt="xs"
          viewportProps={{ tabIndex: 0, role: "region", "aria-label": "What the answer says" }}
        >
          <Code block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
            {answer.excerpt}
          </Code>
        </ScrollArea.Autosize>
      )}
      {may("ORDERS_PUSH") && (
        <Group gap="xs" mt="sm">
          {order.status === "PUSHED" && (
            <ConfirmButton id={order.id} status={order.status} name={name} version={order.version} size="xs" />
          )}
        </Group>
      )}
    </Alert>
  );
}

export function UnreadableBadge({ answer }: { answer: Unreadable | null | undefined }) {
  if (!answer) return null;
  return (
    <Tooltip label={answer.reason ?? "The ERP's answer cannot be read"}>
      <Badge variant="light" color="orange" radius="sm">
        Answer unreadable
      </Badge>
    </Tooltip>
  );
}
