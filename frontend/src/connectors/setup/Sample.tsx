import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Alert, Button, FileButton, Group, List, Stack, Table, Text, Textarea } from "@mantine/core";
import { IconFileUpload } from "@tabler/icons-react";
import { useState } from "react";
import { answer, api, type Schemas } from "../../api/client";
import { useAction } from "../../api/queries";
import { ErrorAlert } from "../../shared/ErrorAlert";
import { base64 } from "./base64";

export type SampleRead = Schemas["SampleRead"];

interface Props {
  /** What is set up already, where something is. */
  type?: string;
  onRead: (read: SampleRead) => void;
}

/** A file as the ERP reads it, pasted or chosen: the settings that write the like are read out of it. */
export function Sample({ type, onRead }: Props) {
  const [text, setText] = useState("");
  const read = useAction(
    async (content: Blob) =>
      answer(
        api.POST("/api/v1/connectors/from-sample", {
          body: { content: base64(new Uint8Array(await content.arrayBuffer())), connector_type: type },
        }),
      ),
    { quiet: true, onDone: onRead },
  );
  return (
    <Stack
      gap="xs"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const [file] = event.dataTransfer.files;
        if (file) read.run(file);
      }}
    >
      <Textarea
        label={t`A sample of the ERP's`}
        description={t`A CSV, JSON, EDIFACT, X12 or IDoc file with an order or two: paste it, drop it here, or choose it.`}
        autosize
        minRows={3}
        maxRows={8}
        classNames={{ input: "mono" }}
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Group gap="xs">
        <Button
          variant="default"
          disabled={!text.trim()}
          loading={read.isPending}
          onClick={() => read.run(new Blob([text]))}
        >
          <Trans>Begin with it</Trans>
        </Button>
        <FileButton onChange={(file) => file && read.run(file)}>
          {(props) => (
            <Button variant="subtle" leftSection={<IconFileUpload size={16} />} {...props}>
              <Trans>Choose a file</Trans>
            </Button>
          )}
        </FileButton>
      </Group>
      {read.error && <ErrorAlert error={read.error} />}
    </Stack>
  );
}

/** What was understood of a sample, for a person to check. */
export function Understood({ read: { found, notes } }: { read: SampleRead }) {
  const known = found.filter(({ field }) => field).length;
  return (
    <Alert color={notes.length ? "yellow" : "green"} title={t`From your sample`} role="status">
      {found.length > 0 && (
        <Text size="sm">
          <Trans>
            {known} of {found.length} places are known. Check them, and see in the preview what they make of an order.
          </Trans>
        </Text>
      )}
      {notes.length > 0 && (
        <List size="sm" mt={4}>
          {notes.map((note) => (
            <List.Item key={note}>{note}</List.Item>
          ))}
        </List>
      )}
      {found.length > 0 && (
        <details>
          <Text component="summary" size="sm" py={4}>
            <Trans>What each seems to mean</Trans>
          </Text>
          <Table verticalSpacing={2} fz="xs">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>
                  <Trans>In the sample</Trans>
                </Table.Th>
                <Table.Th>
                  <Trans>Field</Trans>
                </Table.Th>
                <Table.Th>
                  <Trans>Example</Trans>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {found.map(({ place, field, example }, at) => (
                <Table.Tr key={at}>
                  <Table.Td>{place}</Table.Td>
                  <Table.Td className="mono">{field ?? t`not known`}</Table.Td>
                  <Table.Td>{example}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </details>
      )}
    </Alert>
  );
}
