import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import type { Schemas } from "../api/client";
import { Alert, Checkbox, Fieldset, NumberInput, Select, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { NARROW } from "./form/widgets";

type Connector = Schemas["Connector"];

/** What a connector has beside its configuration. */
export type Options = Pick<
  Connector,
  | "name"
  | "in_doubt"
  | "change_by_recall"
  | "commit_within"
  | "give_up_after"
  | "answer_within"
  | "received_within"
  | "understood_within"
  | "orders_per_minute"
>;

export const NEW: Options = {
  name: null,
  in_doubt: "hold",
  change_by_recall: false,
  commit_within: null,
  give_up_after: null,
  answer_within: null,
  received_within: null,
  understood_within: null,
  orders_per_minute: null,
};

/** Options as the form calls them. */
export const LABELS: Record<keyof Options, string> = {
  name: t`Name`,
  in_doubt: t`When nobody can tell whether the ERP has an order`,
  change_by_recall: t`Recall an order that is changed after it was sent, and send it anew`,
  commit_within: t`The ERP shows an order within`,
  give_up_after: t`Give up after`,
  answer_within: t`The ERP answers within`,
  received_within: t`A receipt comes back within`,
  understood_within: t`The ERP says that it could read it within`,
  orders_per_minute: t`Orders per minute`,
};

export const DOUBT: Record<Options["in_doubt"], string> = {
  hold: t`Ask a person`,
  resend: t`Send it again`,
};
const CHOICES = Object.entries(DOUBT).map(([value, label]) => ({ value, label }));
const MINUTE = 60;

interface Props {
  /** What the ERP answers, or how fast it is sent orders. */
  part: "answers" | "pace";
  options: Options;
  wrong: (name: keyof Options) => string | undefined;
  onChange: (changed: Partial<Options>) => void;
}

export function DeliveryOptions({ part, options, wrong, onChange }: Props) {
  const number = (name: "orders_per_minute", description: ReactNode) => (
    <NumberInput
      label={LABELS[name]}
      description={description}
      error={wrong(name)}
      min={1}
      styles={NARROW}
      hideControls
      allowDecimal={false}
      value={options[name] ?? ""}
      onChange={(value) => onChange({ [name]: value === "" ? null : Number(value) })}
    />
  );
  const time = (
    name: Extract<keyof Options, `${string}_within` | "give_up_after">,
    unit: "s" | "min",
    description: string,
  ) => {
    const size = unit === "min" ? MINUTE : 1;
    const seconds = options[name] ?? null;
    return (
      <NumberInput
        label={LABELS[name]}
        description={description}
        error={wrong(name)}
        suffix={` ${unit}`}
        min={1}
        styles={NARROW}
        hideControls
        allowDecimal={false}
        value={seconds === null ? "" : Math.ceil(seconds / size)}
        onChange={(value) => onChange({ [name]: value === "" ? null : Number(value) * size })}
      />
    );
  };
  if (part === "pace")
    return (
      <Fieldset legend={t`Pace`}>
        <Stack gap="md">
          {time("give_up_after", "min", t`An order for an ERP that stays away fails then. Empty: it waits.`)}
          {number("orders_per_minute", t`The most that the ERP wants to be sent. Empty: no limit.`)}
        </Stack>
      </Fieldset>
    );
  return (
    <Fieldset legend={t`Delivery`}>
      <Stack gap="md">
        <Select
          label={LABELS.in_doubt}
          description={t`Where the ERP can be asked for an order, it is asked first, in either case.`}
          error={wrong("in_doubt")}
          data={CHOICES}
          value={options.in_doubt}
          allowDeselect={false}
          styles={NARROW}
          onChange={(value) => onChange({ in_doubt: value as Options["in_doubt"] })}
        />
        {options.in_doubt === "resend" && (
          <Alert color="orange" title={t`An order may then be in the ERP twice`}>
            <Trans>
              A connection that breaks after the ERP took an order leaves doubt. Sent again, it arrives a second time,
              unless the ERP itself knows it by its key or file name.
            </Trans>
          </Alert>
        )}
        <Checkbox
          label={LABELS.change_by_recall}
          description={t`For an ERP that takes no changes, and gives orders back: it then has another order, under another number of its own. If it keeps the first one, the change is not made. Otherwise a person has the order changed there.`}
          error={wrong("change_by_recall")}
          checked={options.change_by_recall}
          onChange={(event) => onChange({ change_by_recall: event.currentTarget.checked })}
        />
        {time(
          "commit_within",
          "s",
          t`How long after an order was sent a look into the ERP still may not find it. Empty: what is usual for this kind of ERP.`,
        )}
        {time("answer_within", "min", t`What it has not answered then stands out as overdue. Empty: no limit.`)}
        {time("received_within", "min", t`Where a receipt comes first: the document is there. Empty: none is awaited.`)}
        {time("understood_within", "min", t`As a 997 or a CONTRL says. Empty: it is not awaited.`)}
      </Stack>
    </Fieldset>
  );
}
