import { t } from "@lingui/core/macro";
import type { RJSFSchema } from "@rjsf/utils";
import { fieldsOf, visible, type Config, type FieldSchema } from "../form/schema";

/** The set-up of a connection, in the order in which an integrator gets to know it. */
export const STEPS = ["reach", "sign-in", "map", "answers", "test"] as const;
export type Step = (typeof STEPS)[number];

export const STEP_WORDS: Record<Step, [name: string, about: string]> = {
  reach: [t`Reach`, t`Where the ERP is`],
  "sign-in": [t`Sign in`, t`What lets us in`],
  map: [t`Map`, t`What the ERP is sent`],
  answers: [t`Answers`, t`What it says back`],
  test: [t`Test`, t`Try it, then deliver`],
};

const GROUPS: Record<string, Step> = {
  "": "reach",
  Server: "reach",
  Request: "reach",
  AS2: "reach",
  Folders: "reach",
  TLS: "reach",
  Advanced: "reach",
  "Sign-in": "sign-in",
  Certificates: "sign-in",
  Answer: "answers",
  Confirmation: "answers",
  Doubt: "answers",
  Change: "answers",
  Recall: "answers",
  "Answers that come": "answers",
  Test: "test",
};

/** Where a group of fields stands; what we do not know is about the document. */
export function stepOf(group: string): Step {
  return GROUPS[group] ?? "map";
}

/** Groups that few need: they are folded until they say something. */
const OPTIONAL = new Set([
  "TLS",
  "Advanced",
  "Doubt",
  "Answers that come",
  "Confirmation",
  "Mapping",
  "Change",
  "Recall",
]);

const WORDS: Record<string, string> = {
  Server: t`Server`,
  Request: t`Request`,
  AS2: "AS2",
  TLS: "TLS",
  Advanced: t`Advanced`,
  "Sign-in": t`Sign-in`,
  Certificates: t`Certificates`,
  "Answers that come": t`Answers that come`,
  Body: t`Body`,
  Document: t`Document`,
  Format: t`Format`,
  Mapping: t`Mapping`,
  Orders: t`Orders`,
  Partners: t`Partners`,
  Seller: t`Seller`,
  Template: t`Template`,
  Doubt: t`When an answer is lost`,
  Test: t`What a test asks`,
  Folders: t`Folders`,
  Answer: t`The answer to an order`,
  Confirmation: t`A confirmation that comes later`,
  Change: t`An order that was changed`,
  Recall: t`An order that is taken back`,
};

/** What a group is called; one of another's connector as it says. */
export function groupWords(group: string): string {
  return WORDS[group] ?? group;
}

export function isOptional(group: string, schema: RJSFSchema): boolean {
  const needed = new Set(schema.required);
  return OPTIONAL.has(group) && !fieldsOf(schema).some(([name, field]) => field.group === group && needed.has(name));
}

/** Tells whether a group says something that it does not say by itself. */
export function saysSomething(group: string, schema: RJSFSchema, config: Config): boolean {
  return fieldsOf(schema).some(([name, field]) => (field.group ?? "") === group && differs(config[name], field));
}

function differs(value: unknown, field: FieldSchema): boolean {
  if (value === undefined || value === null || value === "") return false;
  if (typeof value === "object" && Object.keys(value).length === 0) return false;
  return JSON.stringify(value) !== JSON.stringify(field.default);
}

const OPTIONS: Record<string, Step> = { name: "reach", give_up_after: "test", orders_per_minute: "test" };

/** The step that a field of the API is set in: `config.host`, `columns.0.field`, `name`. */
export function stepOfField(field: string, schema: RJSFSchema): Step {
  const name = field.replace(/^config\./, "").split(".")[0] ?? "";
  const found = schema.properties?.[name] as FieldSchema | undefined;
  if (found) return stepOf(found.group ?? "");
  return OPTIONS[name] ?? "answers";
}

/** How many faults each step has. */
export function faultsByStep(fields: readonly { field: string }[], schema: RJSFSchema): Map<Step, number> {
  const faults = new Map<Step, number>();
  for (const { field } of fields) {
    const step = stepOfField(field, schema);
    faults.set(step, (faults.get(step) ?? 0) + 1);
  }
  return faults;
}

/** The steps in which there is something to set, as things stand; answers and the test always have something. */
export function stepsOf(schema: RJSFSchema, config: Config): Step[] {
  const needed = new Set<Step>(fieldsOf(visible(schema, config)).map(([, field]) => stepOf(field.group ?? "")));
  return STEPS.filter((step) => step === "reach" || step === "answers" || step === "test" || needed.has(step));
}
