import { plural, t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Alert, Button, FileButton, Group, Modal, Stack, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChecks, IconFileUpload } from "@tabler/icons-react";
import { useState } from "react";
import { useBulkJob } from "../jobs/useBulkJob";
import { ErrorAlert } from "../shared/ErrorAlert";
import { pairsOf, withoutLines } from "./pairs";

/** Orders that an ERP has which never answers: each with its number there, out of a table. */
export function ConfirmMany() {
  const [opened, { open, close }] = useDisclosure();
  return (
    <>
      <Button variant="default" leftSection={<IconChecks size={16} />} onClick={open}>
        <Trans>Confirm by CSV</Trans>
      </Button>
      <Modal opened={opened} onClose={close} title={t`Confirm orders by hand`} size="lg">
        {opened && <Confirming onDone={close} />}
      </Modal>
    </>
  );
}

function Confirming({ onDone }: { onDone: () => void }) {
  const [text, setText] = useState("");
  const { pairs, lines, bad } = pairsOf(text);
  const confirm = useBulkJob(onDone, true);
  const unnamed = (confirm.error?.fields ?? []).flatMap(({ field }) => lineOf(field, lines) ?? []);
  const leaveOut = () => {
    setText(withoutLines(text, unnamed));
    confirm.reset();
  };
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
          onClick={() => confirm.run({ action: "confirm", confirmations: pairs })}
        >
          <Trans>Confirm {plural(pairs.length, { one: "# order", other: "# orders" })}</Trans>
        </Button>
      </Group>
      {confirm.error && (
        <ErrorAlert error={confirm.error} label={(field) => lineText(lineOf(field, lines), field)}>
          {unnamed.length > 0 && (
            <Button size="xs" variant="default" mt="xs" onClick={leaveOut}>
              <Trans>Leave these lines out</Trans>
            </Button>
          )}
        </ErrorAlert>
      )}
    </Stack>
  );
}

/** confirmations.4.order → 6: lines that are left out count too. */
function lineOf(field: string, lines: readonly number[]): number | undefined {
  const at = /^confirmations\.(\d+)/.exec(field)?.[1];
  return at === undefined ? undefined : lines[Number(at)];
}

function lineText(line: number | undefined, field: string): string {
  return line === undefined ? field : t`Line ${line}`;
}
