import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Code, Group, Loader, Modal, ScrollArea, Select, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconEye } from "@tabler/icons-react";
import { useState } from "react";
import type { Schemas } from "../api/client";
import { useConnectors, usePreview } from "../api/queries";
import { connectorName } from "../connectors/connectorName";
import { ErrorAlert } from "./ErrorAlert";
import { count } from "./format";
import { indented } from "./indented";

/** What would be sent; nothing was. */
export function Preview({ shown }: { shown: Schemas["Preview"] }) {
  const wraps = shown.media_type.includes("json");
  return (
    <Stack gap={4}>
      <Text size="sm" className="mono">
        {shown.destination ?? shown.file_name}
      </Text>
      <Text size="xs" c="dimmed">
        <Trans>
          {shown.media_type} · {count(shown.size)} bytes · {shown.encoding}
        </Trans>
      </Text>
      {Object.entries(shown.headers).map(([name, value]) => (
        <Text key={name} size="xs" className="mono">
          {name}: {value}
        </Text>
      ))}
      <ScrollArea.Autosize mah={420} viewportProps={{ tabIndex: 0, role: "region", "aria-label": t`Document` }}>
        <Code
          block
          style={
            wraps ? { whiteSpace: "pre-wrap", overflowWrap: "anywhere" } : { width: "max-content", minWidth: "100%" }
          }
        >
          {wraps ? indented(shown.text) : shown.text}
        </Code>
      </ScrollArea.Autosize>
    </Stack>
  );
}

export function PreviewButton({ orderId }: { orderId: string }) {
  const [opened, { open, close }] = useDisclosure();
  return (
    <>
      <Button variant="default" leftSection={<IconEye size={16} />} onClick={open}>
        <Trans>Preview</Trans>
      </Button>
      <Modal opened={opened} onClose={close} title={t`What would be sent`} size="xl">
        <OrderPreview orderId={orderId} />
      </Modal>
    </>
  );
}

function OrderPreview({ orderId }: { orderId: string }) {
  const connectors = useConnectors().data ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const preview = usePreview(orderId, chosen ?? undefined);
  const preferred = connectors.find(({ is_default }) => is_default)?.id ?? null;
  return (
    <Stack>
      {connectors.length > 1 && (
        <Select
          label={t`Connector`}
          data={connectors.map((each) => ({ value: each.id, label: connectorName(each) }))}
          value={chosen ?? preferred}
          allowDeselect={false}
          onChange={setChosen}
        />
      )}
      {preview.error && <ErrorAlert error={preview.error} />}
      {preview.isPending && (
        <Group justify="center">
          <Loader aria-label={t`Loading`} />
        </Group>
      )}
      {preview.data && !preview.error && <Preview shown={preview.data} />}
    </Stack>
  );
}
