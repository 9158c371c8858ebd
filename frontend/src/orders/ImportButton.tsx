import { Alert, Button, FileButton, List, Modal, Text } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction } from "../api/queries";
import { plural } from "../shared/format";

type Line = Schemas["ImportedLine"];

/** Orders from a file of JSON or JSON Lines; what was refused is listed line by line. */
export function ImportButton() {
  const [lines, setLines] = useState<Line[]>();
  const bring = useAction(send, { onDone: setLines });
  return (
    <>
      <FileButton
        accept=".json,.jsonl,.ndjson,application/json"
        onChange={(file) => file && bring.run(file)}
        inputProps={{ "aria-label": "File of orders" }}
      >
        {(props) => (
          <Button {...props} variant="default" leftSection={<IconUpload size={16} />} loading={bring.isPending}>
            Import
          </Button>
        )}
      </FileButton>
      <Modal opened={lines !== undefined} onClose={() => setLines(undefined)} title="Import" centered size="lg">
        {lines && <Outcome lines={lines} />}
      </Modal>
    </>
  );
}

async function send(file: File): Promise<Line[]> {
  const call = api.POST("/api/v1/draft-orders/import", {
    body: file as never,
    bodySerializer: (body: unknown) => body as File,
    headers: { "Content-Type": "application/x-ndjson" },
    parseAs: "text",
  });
  const text: string = await answer(call as Promise<{ data?: string; response: Response }>);
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}

function Outcome({ lines }: { lines: Line[] }) {
  const refused = lines.filter(({ error }) => error);
  const incomplete = lines.filter(({ status }) => status === "NEEDS_REVIEW").length;
  const accepted = lines.length - refused.length;
  return (
    <>
      <Alert color={refused.length ? "yellow" : "green"} title={`${plural(accepted, "order")} came in`}>
        {incomplete > 0 && (
          <Text size="sm">{plural(incomplete, "order needs", "orders need")} review: something is missing.</Text>
        )}
        {refused.length > 0 && (
          <Text size="sm">{plural(refused.length, "line was", "lines were")} refused; nothing of them was stored.</Text>
        )}
      </Alert>
      {refused.length > 0 && (
        <List size="sm" mt="md">
          {refused.slice(0, 50).map(({ line, error }) => (
            <List.Item key={line}>
              <b>Line {line}</b>: {error?.message} {error?.hint}
            </List.Item>
          ))}
        </List>
      )}
    </>
  );
}
