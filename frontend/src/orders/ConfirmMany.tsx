import { plural, t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Alert, Anchor, Button, FileButton, Group, List, Modal, Progress, Stack, Text, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChecks, IconFileUpload } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";
import { answer, api, type Schemas } from "../api/client";
import { useAction } from "../api/queries";
import { ErrorAlert } from "../shared/ErrorAlert";

import { pairsOf, type Pair } from "./pairs";

type One = Schemas["ConfirmedOne"];

/** Orders in one request; between two of them one sees how far it is. */
const AT_A_TIME = 100;

/** Orders that an ERP has which never answers: each with its number there, out of a table. */
export function ConfirmMany() {
  const [opened, { open, close }] = useDisclosure();
  return (
    <>
      <Button variant="default" leftSection={<IconChecks size={16} />} onClick={open}>
        <Trans>Confirm by CSV</Trans>
      </Button>
      <Modal opened={opened} onClose={close} title={t`Confirm orders by hand`} size="lg">
        {opened && <Confirming />}
      </Modal>
    </>
  );
}

function Confirming() {
  const [text, setText] = useState("");
  const [through, setThrough] = useState<One[]>([]);
  const { pairs, bad } = pairsOf(text);
  const confirm = useAction(
    async (wanted: Pair[]) => {
      const done: One[] = [];
      for (let at = 0; at < wanted.length; at += AT_A_TIME) {
        const body = { confirmations: wanted.slice(at, at + AT_A_TIME) };
        done.push(...(await answer(api.POST("/api/v1/draft-orders/confirm", { body }))).items);
        setThrough([...done]);
      }
      return done;
    },
    { quiet: true },
  );
  return (
    <Stack>
      <Textarea
        label={t`Orders and their numbers in the ERP`}
        description={t`In each line an order (its number or id), then its number in the ERP; as copied from a spreadsheet, or CSV.`}
        placeholder={"PO-1001;SO-778\nPO-1002;SO-779"}
        autosize
        minRows={4}
        maxRows={12}
        classNames={{ input: "mono" }}
        value={text}
        disabled={confirm.isPending}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {bad.length > 0 && (
        <Alert color="yellow" title={t`${plural(bad.length, { one: "# line", other: "# lines" })} without two columns`}>
          <Trans>
            They are left out: line {bad.slice(0, 10).join(", ")}
            {bad.length > 10 && t` and more`}
          </Trans>
        </Alert>
      )}
      <Group justify="space-between">
        <FileButton accept=".csv,.txt,text/csv" onChange={(file) => void file?.text().then(setText)}>
          {(props) => (
            <Button variant="subtle" leftSection={<IconFileUpload size={16} />} {...props}>
              <Trans>Choose a file</Trans>
            </Button>
          )}
        </FileButton>
        <Button
          disabled={pairs.length === 0}
          loading={confirm.isPending}
          onClick={() => {
            setThrough([]);
            confirm.run(pairs);
          }}
        >
          <Trans>Confirm {plural(pairs.length, { one: "# order", other: "# orders" })}</Trans>
        </Button>
      </Group>
      {confirm.isPending && <Progress value={(100 * through.length) / pairs.length} aria-label={t`Confirmed so far`} />}
      {confirm.error && <ErrorAlert error={confirm.error} />}
      {through.length > 0 && <Outcome items={through} />}
    </Stack>
  );
}

const MOST_SHOWN = 50;

function Outcome({ items }: { items: One[] }) {
  const refused = items.filter(({ error }) => error);
  return (
    <Alert
      color={refused.length ? "yellow" : "green"}
      title={t`${plural(items.length - refused.length, { one: "# order is", other: "# orders are" })} confirmed`}
      role="status"
    >
      {refused.length > 0 && (
        <Text size="sm">
          <Trans>{plural(refused.length, { one: "# order was", other: "# orders were" })} refused:</Trans>
        </Text>
      )}
      <List size="sm">
        {refused.slice(0, MOST_SHOWN).map(({ order, order_id, error }, at) => (
          <List.Item key={at}>
            {order_id ? (
              <Anchor component={Link} to={`/orders/${order_id}`} size="sm">
                {order}
              </Anchor>
            ) : (
              <b>{order}</b>
            )}
            : {error?.message} {error?.hint}
          </List.Item>
        ))}
      </List>
      {refused.length > MOST_SHOWN && (
        <Text size="sm">
          <Trans>and {refused.length - MOST_SHOWN} more</Trans>
        </Text>
      )}
    </Alert>
  );
}
