import { t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";
import type { ExactConfirmed, ExactConfirmedLine, ExactLine } from "../api/queries";
import { decimal, phrase, plainDay, trimmed } from "../shared/format";

type Difference = Schemas["Difference"];
type Field = Difference["field"];

/** One thing that the ERP said about a line. */
export interface Said {
  field: Field;
  text: string;
  differs: boolean;
}

/** What the ERP confirmed, found by the numbers of lines: an order may have thousands. */
export interface ByLine {
  currency: string | null;
  answers: Map<number | null, ExactConfirmedLine>;
  differences: Map<number | null, Difference[]>;
}

export function byLine({ currency, lines, differences }: ExactConfirmed): ByLine {
  const differing = new Map<number | null, Difference[]>();
  for (const one of differences) {
    const others = differing.get(one.line_no);
    if (others) others.push(one);
    else differing.set(one.line_no, [one]);
  }
  return { currency, answers: new Map(lines.map((line) => [line.line_no, line])), differences: differing };
}

/** What the ERP confirmed of a line, to stand beside what was ordered. */
export function saidOf(line: ExactLine, confirmed: ByLine, currency: string | null): Said[] {
  const differing = confirmed.differences.get(line.line_no) ?? [];
  const differs = (field: Field) => differing.some((one) => one.field === field);
  const answer = confirmed.answers.get(line.line_no);
  if (!answer) return [unnamed(differing)];
  const texts: [Field, string | null][] = [
    ["status", differs("status") || answer.status !== "accepted" ? answer.status : null],
    ["qty", answer.qty && `${decimal(answer.qty)} ${answer.uom ?? line.uom ?? ""}`.trim()],
    ["unit_price", priceOf(answer, answer.currency ?? confirmed.currency ?? line.currency ?? currency)],
    ["sku", differs("sku") ? answer.sku : null],
    ["delivery_date", daysOf(answer)],
  ];
  const said = texts.map(([field, text]) => ({ field, text: text ?? "", differs: marks(field).some(differs) }));
  return said.filter(({ text }) => text);
}

/** A unit is shown with its quantity, a currency with its price. */
function marks(field: Field): Field[] {
  if (field === "qty") return ["qty", "uom"];
  return field === "unit_price" ? ["unit_price", "currency"] : [field];
}

function unnamed([difference]: Difference[]): Said {
  if (!difference) return { field: "status", text: t`as ordered`, differs: false };
  const text = difference.field === "line" ? t`not in the ERP's order` : (difference.confirmed ?? "");
  return { field: difference.field, text, differs: true };
}

function priceOf(line: ExactConfirmedLine, currency: string | null): string | null {
  return line.unit_price && `${decimal(line.unit_price, 2)} ${currency ?? ""}`.trim();
}

function daysOf({ schedules }: ExactConfirmedLine): string {
  return schedules
    .map(({ date, qty }) => (qty === null ? plainDay(date) : `${plainDay(date)}: ${decimal(String(qty))}`))
    .join(", ");
}

const FIELDS: Record<Field, string> = {
  line: t`the line`,
  status: t`what becomes of it`,
  qty: t`quantity`,
  uom: t`unit`,
  unit_price: t`unit price`,
  currency: t`currency`,
  sku: t`article`,
  delivery_date: t`delivery date`,
};

/** One difference as a sentence: Line 2, unit price: 0.1 was ordered, 0.12 confirmed. */
export function differenceText({ line_no, field, ordered, confirmed }: Difference): string {
  if (line_no === null) return t`The ERP added ${confirmed ?? t`a line`}.`;
  if (field === "line") return t`Line ${line_no} is not in the ERP's order.`;
  if (field === "status") return t`Line ${line_no}: ${phrase(confirmed ?? "unanswered").toLowerCase()}.`;
  const was = ordered === null ? t`nothing` : trimmed(ordered);
  return t`Line ${line_no}, ${FIELDS[field]}: ${was} was ordered, ${confirmed ?? t`nothing`} confirmed.`;
}
