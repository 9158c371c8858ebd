import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Code, Group, Loader, Modal, ScrollArea, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDownload, IconFileText } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../api/client";
import { ErrorAlert } from "../shared/ErrorAlert";
import { Copy } from "../shared/Copied";
import { downloadDocument, readDocument } from "../shared/download";
import { count } from "../shared/format";
import { indented } from "../shared/indented";
import { textOf } from "../shared/textOf";

type Delivery = Pick<Schemas["Export"], "id" | "filename" | "document_sha256" | "document_size">;

/** The document of a delivery, the very bytes that go to the ERP: shown, and downloaded. */
export function DocumentButton({ delivery }: { delivery: Delivery }) {
  const [opened, { open, close }] = useDisclosure();
  return (
    <>
      <Button variant="default" leftSection={<IconFileText size={16} />} onClick={open}>
        <Trans>Document</Trans>
      </Button>
      <Modal opened={opened} onClose={close} title={delivery.filename ?? t`Document`} size="xl">
        {opened && <Document delivery={delivery} />}
      </Modal>
    </>
  );
}

function Document({ delivery }: { delivery: Delivery }) {
  const { id, filename, document_sha256, document_size } = delivery;
  const read = useQuery({ queryKey: ["document", id], queryFn: () => readDocument(id), staleTime: Infinity });
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Group gap={4}>
          <Text size="xs" c="dimmed">
            {document_size !== null && t`${count(document_size)} bytes`}
            {document_sha256 && t` · SHA-256 ${document_sha256.slice(0, 12)}…`}
          </Text>
          {document_sha256 && <Copy value={document_sha256} what={t`its SHA-256`} />}
        </Group>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={16} />}
          aria-label={t`Download the document`}
          onClick={() => void downloadDocument(id, filename)}
        >
          <Trans>Download</Trans>
        </Button>
      </Group>
      {read.error && <ErrorAlert error={read.error} />}
      {read.isPending && <Loader aria-label={t`Loading`} size="sm" />}
      {read.data && <Shown bytes={read.data} />}
    </Stack>
  );
}

/** Characters that are shown; what is longer is downloaded. */
const MOST = 200_000;

function Shown({ bytes }: { bytes: ArrayBuffer }) {
  const text = textOf(bytes);
  if (text === null)
    return (
      <Text size="sm">
        <Trans>It is no text, so it is not shown: download it.</Trans>
      </Text>
    );
  return (
    <>
      <ScrollArea.Autosize mah={520} viewportProps={{ tabIndex: 0, role: "region", "aria-label": t`Document` }}>
        <Code block>{/^\s*[[{]/.test(text) && text.length <= MOST ? indented(text) : text.slice(0, MOST)}</Code>
      </ScrollArea.Autosize>
      {text.length > MOST && (
        <Text size="xs" c="dimmed">
          <Trans>Only its first {count(MOST)} characters are shown.</Trans>
        </Text>
      )}
    </>
  );
}
