import { plural, t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Alert, Anchor, Button, FileButton, List, Modal, Progress, Radio, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";
import { answer, api, asking, isUnreachable, type ApiError, type Schemas } from "../api/client";
import { useAction, useMay } from "../api/queries";
import { sending } from "../api/sending";
import { ErrorAlert, ProblemAlert } from "../shared/ErrorAlert";
import { count as thousands } from "../shared/format";
import { broughtIn, type Brought, type Some } from "./broughtIn";

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
  const [sent, setSent] = useState(0);
  const bring = useAction((file: File) => send(file, choice, setSent), { quiet: true });
  const leave = () => {
    close();
    setChoice("refuse");
    bring.reset();
  };
  const take = (file: File | null | undefined) => {
    if (!file || bring.isPending) return;
    setSent(0);
    bring.run(file);
  };
  const offered = CHOICES.filter(({ value }) => value !== "revise" || may("ORDERS_EDIT"));
  const stays = !bring.isPending; // else nobody would be told how it ended
  return (
    <>
      <Button variant="default" leftSection={<IconUpload size={16} />} onClick={open}>
        <Trans>Import</Trans>
      </Button>
      <Modal
        opened={opened}
        onClose={leave}
        title={t`Import`}
        size="lg"
        withCloseButton={stays}
        closeOnEscape={stays}
        closeOnClickOutside={stays}
      >
        {bring.data ? (
          <Outcome {...bring.data} />
        ) : (
          <Stack
            onDragOver={(event) => event.preventDefault()}
            onDrop={(event) => {
              event.preventDefault();
              take(event.dataTransfer.files[0]);
            }}
          >
            <Radio.Group
              label={t`A line about an order that is here already`}
              value={choice}
              onChange={(value) => setChoice(value as OnDuplicate)}
            >
              <Stack gap="xs" mt="xs">
                {offered.map((each) => (
                  <Radio key={each.value} {...each} disabled={bring.isPending} />
                ))}
              </Stack>
            </Radio.Group>
            {bring.isPending ? <Sending sent={sent} /> : <ChooseFile onChosen={take} />}
            {bring.error && <Broken error={bring.error} choice={choice} />}
          </Stack>
        )}
      </Modal>
    </>
  );
}

function ChooseFile({ onChosen }: { onChosen: (file: File | null) => void }) {
  return (
    <div>
      <FileButton
        accept=".json,.jsonl,.ndjson,application/json"
        onChange={onChosen}
        inputProps={{ "aria-label": t`File of orders` }}
      >
        {(props) => (
          <Button {...props} leftSection={<IconUpload size={16} />}>
            <Trans>Choose the file</Trans>
          </Button>
        )}
      </FileButton>
      <Text size="xs" c="dimmed" mt={6}>
        <Trans>Or drop it here. JSON, or JSON Lines: an order in each line.</Trans>
      </Text>
    </div>
  );
}

/** Orders are stored while the file is sent. */
function Sending({ sent }: { sent: number }) {
  const share = Math.floor(sent * 100);
  return (
    <div role="status">
      <Text size="sm" mb={6} className="numeric">
        <Trans>{share} % of the file is read</Trans>
      </Text>
      <Progress value={share} animated aria-label={t`Progress`} />
    </div>
  );
}

/** How it goes on after an import of which nobody knows how far it came. */
const AGAIN = t`What had come in by then is here. Import the file again: an order that is here and says the same is not made again.`;
const TWICE = t`What had come in by then is here. Look at the list first: imported again like this, those orders would be here twice.`;

function Broken({ error, choice }: { error: ApiError; choice: OnDuplicate }) {
  return (
    <ErrorAlert error={error}>
      {isUnreachable(error) && (
        <Text size="sm" mt={4}>
          {choice === "new" ? TWICE : AGAIN}
        </Text>
      )}
    </ErrorAlert>
  );
}

interface Imported extends Brought {
  /** By what all that came in is found again. */
  importId: string | null;
}

async function send(file: File, on_duplicate: OnDuplicate, onSent: (share: number) => void): Promise<Imported> {
  const call = api.POST("/api/v1/draft-orders/import", {
    params: { query: { on_duplicate } },
    body: file as never,
    bodySerializer: (body: unknown) => body as File,
    headers: { "Content-Type": "application/x-ndjson" },
    parseAs: "stream",
    fetch: asking(sending(file, onSent)),
  }) as unknown as Promise<{ data?: ReadableStream<Uint8Array>; response: Response }>;
  const lines = await answer(call);
  return { ...(await broughtIn(lines)), importId: (await call).response.headers.get("x-import-id") };
}

function Outcome({ accepted, incomplete, revised, refused, here, ended, importId }: Imported) {
  return (
    <>
      <Alert
        color={refused.count || ended ? "yellow" : "green"}
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
        {here.count > 0 && (
          <Text size="sm">
            {plural(here.count, {
              one: "# order is here already and the same: not made again.",
              other: "# orders are here already and the same: not made again.",
            })}
          </Text>
        )}
        {refused.count > 0 && (
          <Text size="sm">
            {plural(refused.count, {
              one: "# line was refused; nothing of them was stored.",
              other: "# lines were refused; nothing of them was stored.",
            })}
          </Text>
        )}
      </Alert>
      {ended && (
        <Stack mt="sm" gap={0}>
          <ProblemAlert problem={ended} title={t`The rest of the file was not read`} />
        </Stack>
      )}
      {importId && accepted > 0 && (
        <Anchor component={Link} to={`/orders?import_id=${importId}`} size="sm">
          <Trans>All that this file brought in</Trans>
        </Anchor>
      )}
      <Lines some={refused} />
      <Lines some={here} />
    </>
  );
}

function Lines({ some: { count, first } }: { some: Some }) {
  return (
    <List size="sm" mt="md">
      {first.map(({ line, id, error }) => (
        <List.Item key={line}>
          <b>
            <Trans>Line {line}</Trans>
          </b>
          : {error ? `${error.message} ${error.hint ?? ""}` : t`here already.`}{" "}
          <OrderHere id={id ?? error?.details?.order_id} line={line} />
        </List.Item>
      ))}
      {count > first.length && (
        <List.Item>
          <Trans>and {thousands(count - first.length)} more</Trans>
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
