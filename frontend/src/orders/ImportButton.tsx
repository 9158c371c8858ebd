import { Alert, Anchor, Button, FileButton, List, Modal, Text } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";
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
  const here = lines.filter(({ duplicate }) => duplicate);
  const incomplete = lines.filter(({ status, duplicate }) => status === "NEEDS_REVIEW" && !duplicate).length;
  const accepted = lines.length - refused.length - here.length;
  return (
    <>
      <Alert color={refused.length ? "yellow" : "green"} title={`${plural(accepted, "order")} came in`}>
        {incomplete > 0 && (
          <Text size="sm">{plural(incomplete, "order needs", "orders need")} review: something is missing.</Text>
        )}
        {here.length > 0 && (
          <Text size="sm">
            {plural(here.length, "order is", "orders are")} here already and the same: not made again.
          </Text>
        )}
        {refused.length > 0 && (
          <Text size="sm">{plural(refused.length, "line was", "lines were")} refused; nothing of them was stored.</Text>
        )}
      </Alert>
      <Lines lines={refused} />
      <Lines lines={here} />
    </>
  );
}

const MOST_SHOWN = 50;

function Lines({ lines }: { lines: Line[] }) {
  return (
    <List size="sm" mt="md">
      {lines.slice(0, MOST_SHOWN).map((line) => (
        <List.Item key={line.line}>
          <b>Line {line.line}</b>: {line.error ? `${line.error.message} ${line.error.hint ?? ""}` : "here already."}{" "}
          <OrderHere id={line.id ?? line.error?.details?.order_id} line={line.line} />
        </List.Item>
      ))}
      {lines.length > MOST_SHOWN && <List.Item>and {lines.length - MOST_SHOWN} more</List.Item>}
    </List>
  );
}

/** A link to the order that was here before. */
function OrderHere({ id, line }: { id: unknown; line: number }) {
  if (typeof id !== "string") return null;
  return (
    <Anchor component={Link} to={`/orders/${id}`} size="sm">
      The order of line {line}
    </Anchor>
  );
}
