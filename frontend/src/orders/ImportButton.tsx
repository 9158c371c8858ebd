import { plural, t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Alert, Anchor, Button, FileButton, List, Modal, Radio, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useMay } from "../api/queries";

type Line = Schemas["ImportedLine"];

/** What became of each line, and by what all that came in is found again. */
interface Brought {
  lines: Line[];
  importId: string | null;
}

type OnDuplicate = Schemas["OnDuplicate"];

const CHOICES: { value: OnDuplicate; label: string; description: string }[] = [
  { value: "refuse", label: t`Refuse it`, description: t`Unless it says the same: then nothing is changed.` },
  { value: "revise", label: t`Revise the order that is here`, description: t`It needs approval again.` },
  {
    value: "new",
    label: t`Bring it in as another order`,
    description: t`It is delivered beside the one that is here.`,
  },
];

/** Orders from a file of JSON or JSON Lines; what was refused is listed line by line. */
export function ImportButton() {
  const may = useMay();
  const [opened, { open, close }] = useDisclosure();
  const [choice, setChoice] = useState<OnDuplicate>("refuse");
  const bring = useAction((file: File) => send(file, choice));
  const leave = () => {
    close();
    setChoice("refuse");
    bring.reset();
  };
  const offered = CHOICES.filter(({ value }) => value !== "revise" || may("ORDERS_EDIT"));
  return (
    <>
      <Button variant="default" leftSection={<IconUpload size={16} />} onClick={open}>
        <Trans>Import</Trans>
      </Button>
      <Modal opened={opened} onClose={leave} title={t`Import`} centered size="lg">
        {bring.data ? (
          <Outcome {...bring.data} />
        ) : (
          <Stack>
            <Radio.Group
              label={t`A line about an order that is here already`}
              value={choice}
              onChange={(value) => setChoice(value as OnDuplicate)}
            >
              <Stack gap="xs" mt="xs">
                {offered.map((each) => (
                  <Radio key={each.value} {...each} />
                ))}
              </Stack>
            </Radio.Group>
            <FileButton
              accept=".json,.jsonl,.ndjson,application/json"
              onChange={(file) => file && bring.run(file)}
              inputProps={{ "aria-label": t`File of orders` }}
            >
              {(props) => (
                <Button {...props} leftSection={<IconUpload size={16} />} loading={bring.isPending}>
                  <Trans>Choose the file</Trans>
                </Button>
              )}
            </FileButton>
          </Stack>
        )}
      </Modal>
    </>
  );
}

async function send(file: File, on_duplicate: OnDuplicate): Promise<Brought> {
  const call = api.POST("/api/v1/draft-orders/import", {
    params: { query: { on_duplicate } },
    body: file as never,
    bodySerializer: (body: unknown) => body as File,
    headers: { "Content-Type": "application/x-ndjson" },
    parseAs: "text",
  }) as Promise<{ data?: string; response: Response }>;
  const text: string = await answer(call);
  const lines = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
  return { lines, importId: (await call).response.headers.get("x-import-id") };
}

function Outcome({ lines, importId }: Brought) {
  const refused = lines.filter(({ error }) => error);
  const here = lines.filter(({ duplicate }) => duplicate);
  const incomplete = lines.filter(({ status, duplicate }) => status === "NEEDS_REVIEW" && !duplicate).length;
  const revised = lines.filter((line) => line.revised).length;
  const accepted = lines.length - refused.length - here.length - revised;
  return (
    <>
      <Alert
        color={refused.length ? "yellow" : "green"}
        title={plural(accepted, { one: "# order came in", other: "# orders came in" })}
      >
        {incomplete > 0 && (
          <Text size="sm">
            {plural(incomplete, {
              one: "# order needs review: something is missing.",
              other: "# orders need review: something is missing.",
            })}
          </Text>
        )}
        {revised > 0 && (
          <Text size="sm">
            {plural(revised, {
              one: "# order was here already and says now what the file says.",
              other: "# orders were here already and say now what the file says.",
            })}
          </Text>
        )}
        {here.length > 0 && (
          <Text size="sm">
            {plural(here.length, {
              one: "# order is here already and the same: not made again.",
              other: "# orders are here already and the same: not made again.",
            })}
          </Text>
        )}
        {refused.length > 0 && (
          <Text size="sm">
            {plural(refused.length, {
              one: "# line was refused; nothing of them was stored.",
              other: "# lines were refused; nothing of them was stored.",
            })}
          </Text>
        )}
      </Alert>
      {importId && accepted > 0 && (
        <Anchor component={Link} to={`/orders?import_id=${importId}`} size="sm">
          <Trans>All that this file brought in</Trans>
        </Anchor>
      )}
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
          <b>
            <Trans>Line {line.line}</Trans>
          </b>
          : {line.error ? `${line.error.message} ${line.error.hint ?? ""}` : t`here already.`}{" "}
          <OrderHere id={line.id ?? line.error?.details?.order_id} line={line.line} />
        </List.Item>
      ))}
      {lines.length > MOST_SHOWN && (
        <List.Item>
          <Trans>and {lines.length - MOST_SHOWN} more</Trans>
        </List.Item>
      )}
    </List>
  );
}

/** A link to the order that was here before. */
function OrderHere({ id, line }: { id: unknown; line: number }) {
  if (typeof id !== "string") return null;
  return (
    <Anchor component={Link} to={`/orders/${id}`} size="sm">
      <Trans>The order of line {line}</Trans>
    </Anchor>
  );
}
