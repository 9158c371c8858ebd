import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import {
  ActionIcon,
  Alert,
  Button,
  Card,
  Drawer,
  Group,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useRef, useState, type ChangeEvent, type KeyboardEvent, type SyntheticEvent } from "react";
import { answer, api, type Schemas } from "../api/client";
import { parseExact } from "../api/exact";
import { getOrder, useChangeOutlook, type ExactLine, type ExactOrder } from "../api/queries";
import { DecimalInput } from "../shared/DecimalInput";
import { ErrorAlert, ProblemAlert } from "../shared/ErrorAlert";
import { useEditing } from "../shared/useEditing";
import { StaleDialog } from "../shared/versions/StaleDialog";
import { useSaving, type IfMatch, type Stored } from "../shared/versions/useSaving";
import { emptyLine, errorsOf, reasonsOf, stored, type Draft } from "./draft";
import { useSendAgain } from "./useSendAgain";
import {
  fieldLabel,
  fieldPath,
  fieldText,
  HEADER,
  lineLabel,
  LONG_FIELDS,
  SHORT_FIELDS,
  type HeaderField,
} from "./orderFields";

type Body = Schemas["OrderBody"];
type LineField = "internal_sku" | "description" | "qty" | "uom" | "unit_price" | "currency" | ArticleNumber;
type ArticleNumber = "gtin" | "buyer_article_number" | "seller_article_number";

const LINE_FIELDS: LineField[] = ["internal_sku", "description", "qty", "uom", "unit_price", "currency"];
const ARTICLE_NUMBERS: ArticleNumber[] = ["gtin", "buyer_article_number", "seller_article_number"];
const DECIMAL = new Set<LineField>(["qty", "unit_price"]);

/** What becomes of an edit, of an order that was pushed before. */
const OUTLOOK: Record<Schemas["ChangeWay"], string> = {
  order: t`The ERP does not have it: what the order says then is what goes out.`,
  replace: t`Nothing was sent yet: its push is withdrawn, and it goes out as it is then.`,
  wait: t`It is on its way, or may have arrived. What it says then waits until that is known, and follows.`,
  change: t`The ERP has it, and is asked to change it. It may refuse: the order tells what it says.`,
  recall: t`The ERP has it, and takes no changes: it is asked to give the order back, which then goes out anew. If it keeps the order, the change is not made.`,
  by_hand: t`The ERP has it, and takes no changes over this connection. Have the order changed there, then push it here, and confirm the change.`,
};

/** Correct an order; quantities and prices stay text, so that no digit changes on the way. */
export function OrderEditor({ order, onClose }: { order: ExactOrder; onClose: () => void }) {
  const editing = useEditing(onClose);
  const outlook = useChangeOutlook(order.id, order.latest_export !== null);
  const [loaded] = useState(() => stored(order));
  const [draft, setDraft] = useState(loaded.value);
  const way = useSendAgain(order);
  const saved = useRef({ version: order.version, send: false });
  const saving = useSaving({
    loaded,
    load: async () => stored(await getOrder(order.id)),
    save: async (yours, headers) => {
      const now = await put(order.id, yours, headers);
      saved.current.version = now.version;
      return now;
    },
    done: t`Saved`,
    onDone: () => {
      if (saved.current.send) way.send(saved.current.version);
      onClose();
    },
  });
  const change = (changed: Partial<Draft>) => {
    editing.onChange();
    setDraft((before) => ({ ...before, ...changed }));
  };
  const submit = (event: SyntheticEvent<HTMLElement, SubmitEvent>) => {
    event.preventDefault();
    saved.current.send = (event.nativeEvent.submitter as HTMLButtonElement | null)?.value === SEND;
    saving.save(draft);
  };
  const given = ARTICLE_NUMBERS.filter((name) => loaded.value.lines.some((line) => line[name] !== null));
  const wrong = errorsOf(saving.error?.fields ?? reasonsOf(order.error), draft.lines);
  const field = (name: HeaderField) => ({
    label: HEADER[name].label,
    value: draft[name] ?? "",
    error: wrong.get(name),
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) =>
      change({ [name]: typed(name, event.currentTarget.value) }),
  });
  const customer = (name: "erp_customer_number" | "name") => (
    <TextInput
      label={fieldLabel(["customer", name])}
      value={draft.customer[name] ?? ""}
      error={wrong.get(`customer.${name}`)}
      onChange={(event) => change({ customer: { ...draft.customer, [name]: event.currentTarget.value || null } })}
    />
  );
  return (
    <Drawer opened onClose={editing.close} title={t`Edit ${order.external_order_number ?? t`the order`}`}>
      <Stack component="form" onSubmit={submit} onKeyDown={submitsAtOnce}>
        {order.status === "ERROR" && order.error && <ProblemAlert problem={order.error} />}
        {order.latest_export && outlook.data && <Alert color="blue">{OUTLOOK[outlook.data.way]}</Alert>}
        {order.approved_at && (
          <Text size="sm" c="dimmed">
            <Trans>It is approved; after a change it needs approval again.</Trans>
          </Text>
        )}
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          {customer("erp_customer_number")}
          {customer("name")}
          {SHORT_FIELDS.map((name) => (
            <TextInput key={name} type={HEADER[name].input} {...field(name)} />
          ))}
        </SimpleGrid>
        {LONG_FIELDS.map((name) => (
          <Textarea key={name} autosize minRows={2} {...field(name)} />
        ))}
        {draft.lines.map((line, at) => (
          <LineEditor
            key={line.line_no}
            line={line}
            fields={[...LINE_FIELDS, ...given]}
            wrong={(name) => wrong.get(`lines.${line.line_no}.${name}`)}
            onChange={(changed) => change({ lines: draft.lines.with(at, changed) })}
            onRemove={() => change({ lines: draft.lines.toSpliced(at, 1) })}
          />
        ))}
        <Button
          variant="default"
          leftSection={<IconPlus size={16} />}
          onClick={() => change({ lines: [...draft.lines, emptyLine(draft.lines)] })}
          style={{ alignSelf: "start" }}
        >
          <Trans>Add line</Trans>
        </Button>
        {saving.error && <ErrorAlert error={saving.error} label={(name) => fieldLabel(fieldPath(name, draft.lines))} />}
        <Group justify="flex-end" className="stays">
          <Button type="submit" variant={way.offered ? "default" : "filled"} loading={saving.isPending}>
            <Trans>Save</Trans>
          </Button>
          {way.offered && (
            <Button type="submit" value={SEND} loading={saving.isPending}>
              <Trans>Save and send again</Trans>
            </Button>
          )}
        </Group>
      </Stack>
      {saving.stale && (
        <StaleDialog
          stale={saving.stale}
          label={fieldLabel}
          show={fieldText}
          onBack={saving.putOff}
          onSettled={(merged, over) => {
            setDraft(merged);
            saving.settle(merged, over);
          }}
        />
      )}
    </Drawer>
  );
}

/** What a button says whose click also sends. */
const SEND = "send";

/** Ctrl+Enter, or ⌘+Enter, saves from wherever one types. */
function submitsAtOnce({ key, ctrlKey, metaKey, target }: KeyboardEvent): void {
  if (key === "Enter" && (ctrlKey || metaKey)) (target as HTMLInputElement).form?.requestSubmit();
}

function typed(name: HeaderField, text: string): string | number | null {
  if (text === "") return null;
  return HEADER[name].input === "number" ? Number(text) : text;
}

interface LineProps {
  line: ExactLine;
  fields: LineField[];
  wrong: (name: LineField) => string | undefined;
  onChange: (line: ExactLine) => void;
  onRemove: () => void;
}

function LineEditor({ line, fields, wrong, onChange, onRemove }: LineProps) {
  return (
    <Card padding="sm">
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600}>
          <Trans>Line {line.line_no}</Trans>
        </Text>
        <ActionIcon variant="subtle" color="red" aria-label={t`Remove line ${line.line_no}`} onClick={onRemove}>
          <IconTrash size={16} />
        </ActionIcon>
      </Group>
      <SimpleGrid cols={{ base: 2, xs: 3 }} spacing="xs">
        {fields.map((name) => {
          const common = { size: "xs", label: lineLabel(name), error: wrong(name) } as const;
          const change = (value: string | null) => onChange({ ...line, [name]: value });
          return DECIMAL.has(name) ? (
            <DecimalInput key={name} {...common} value={line[name]} onChange={change} />
          ) : (
            <TextInput
              key={name}
              {...common}
              value={line[name] ?? ""}
              onChange={(event) => change(event.currentTarget.value || null)}
            />
          );
        })}
      </SimpleGrid>
    </Card>
  );
}

async function put(order_id: string, draft: Draft, headers: IfMatch): Promise<Stored<Draft>> {
  const body = draft as unknown as Body; // the API takes exact decimals as text, which its document calls numbers
  const options = { params: { path: { order_id } }, body, headers, parseAs: "text" as const };
  return stored(parseExact<ExactOrder>(await answer(api.PUT("/api/v1/draft-orders/{order_id}", options))));
}
