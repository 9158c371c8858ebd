import { ActionIcon, Button, Card, Drawer, Group, SimpleGrid, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState, type SyntheticEvent } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, type ExactLine, type ExactOrder } from "../api/queries";
import { ErrorAlert } from "../shared/ErrorAlert";
import { trimmed } from "../shared/format";
import { useEditing } from "../shared/useEditing";

type Body = Schemas["OrderBody"];
type TextField = "external_order_number" | "currency" | "order_date" | "requested_delivery_date";
type LineField = "internal_sku" | "description" | "customer_sku_raw" | "qty" | "uom" | "unit_price" | "currency";

const LINE_FIELDS: [LineField, string][] = [
  ["internal_sku", "Article number"],
  ["description", "Description"],
  ["qty", "Quantity"],
  ["uom", "Unit"],
  ["unit_price", "Unit price"],
  ["currency", "Currency"],
];

/** Correct an order; quantities and prices stay text, so that no digit changes on the way. */
export function OrderEditor({ order, onClose }: { order: ExactOrder; onClose: () => void }) {
  const editing = useEditing(onClose);
  const [draft, setDraft] = useState({ ...order, lines: order.lines.map(shortened) });
  const save = useAction(
    () =>
      answer(
        api.PUT("/api/v1/draft-orders/{order_id}", { params: { path: { order_id: order.id } }, body: bodyOf(draft) }),
      ),
    { quiet: true, done: "Saved", onDone: onClose },
  );
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    save.run(undefined);
  };
  const field = (name: TextField, label: string, type = "text") => (
    <TextInput
      label={label}
      type={type}
      value={draft[name] ?? ""}
      onChange={(event) => setDraft({ ...draft, [name]: event.currentTarget.value || null })}
    />
  );
  const customer = (name: "erp_customer_number" | "name", label: string) => (
    <TextInput
      label={label}
      value={draft.customer[name] ?? ""}
      onChange={(event) =>
        setDraft({ ...draft, customer: { ...draft.customer, [name]: event.currentTarget.value || null } })
      }
    />
  );
  const setLine = (at: number, line: ExactLine) => setDraft({ ...draft, lines: draft.lines.with(at, line) });
  return (
    <Drawer opened onClose={editing.close} title={`Edit ${order.external_order_number}`}>
      <Stack component="form" onSubmit={submit} onChange={editing.onChange}>
        {order.status === "APPROVED" && (
          <Text size="sm" c="dimmed">
            It is approved; after a change it needs approval again.
          </Text>
        )}
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          {field("external_order_number", "Order number")}
          {field("currency", "Currency")}
          {customer("erp_customer_number", "Customer number in the ERP")}
          {customer("name", "Customer")}
          {field("order_date", "Order date", "date")}
          {field("requested_delivery_date", "Wanted for", "date")}
        </SimpleGrid>
        <Textarea
          label="Notes"
          autosize
          minRows={2}
          value={draft.notes ?? ""}
          onChange={(event) => setDraft({ ...draft, notes: event.currentTarget.value || null })}
        />
        {draft.lines.map((line, at) => (
          <LineEditor
            key={line.line_no}
            line={line}
            onChange={(changed) => setLine(at, changed)}
            onRemove={() => setDraft({ ...draft, lines: draft.lines.toSpliced(at, 1) })}
          />
        ))}
        <Button
          variant="default"
          leftSection={<IconPlus size={16} />}
          onClick={() => setDraft({ ...draft, lines: [...draft.lines, emptyLine(draft.lines)] })}
          style={{ alignSelf: "start" }}
        >
          Add line
        </Button>
        {save.error && <ErrorAlert error={save.error} />}
        <Group justify="flex-end" pb="md">
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </Drawer>
  );
}

function LineEditor({
  line,
  onChange,
  onRemove,
}: {
  line: ExactLine;
  onChange: (line: ExactLine) => void;
  onRemove: () => void;
}) {
  return (
    <Card padding="sm">
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600}>
          Line {line.line_no}
        </Text>
        <ActionIcon variant="subtle" color="red" aria-label={`Remove line ${line.line_no}`} onClick={onRemove}>
          <IconTrash size={16} />
        </ActionIcon>
      </Group>
      <SimpleGrid cols={{ base: 2, xs: 3 }} spacing="xs">
        {LINE_FIELDS.map(([name, label]) => (
          <TextInput
            key={name}
            size="xs"
            label={label}
            value={line[name] ?? ""}
            inputMode={name === "qty" || name === "unit_price" ? "decimal" : undefined}
            onChange={(event) => onChange({ ...line, [name]: event.currentTarget.value || null })}
          />
        ))}
      </SimpleGrid>
    </Card>
  );
}

function shortened(line: ExactLine): ExactLine {
  return { ...line, qty: line.qty && trimmed(line.qty), unit_price: line.unit_price && trimmed(line.unit_price) };
}

function emptyLine(lines: ExactLine[]): ExactLine {
  const line_no = Math.max(0, ...lines.map((line) => line.line_no)) + 1;
  const nothing = {
    internal_sku: null,
    description: null,
    customer_sku_raw: null,
    uom: null,
    requested_delivery_date: null,
    line_notes: null,
  };
  return { line_no, qty: null, unit_price: null, currency: lines[0]?.currency ?? null, ...nothing };
}

function bodyOf(order: ExactOrder): Body {
  const {
    external_order_number,
    order_date,
    currency,
    requested_delivery_date,
    notes,
    ship_to,
    bill_to,
    customer,
    source_document,
    lines,
  } = order;
  return {
    external_order_number,
    order_date,
    currency,
    requested_delivery_date,
    notes,
    customer,
    source_document,
    ship_to: ship_to as Body["ship_to"],
    bill_to: bill_to as Body["bill_to"],
    lines: lines as unknown as Body["lines"], // the API takes exact decimals as text, which its document calls numbers
  };
}
