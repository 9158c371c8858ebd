import { Button, Drawer, Fieldset, Group, NumberInput, Select, Stack, Switch, TextInput } from "@mantine/core";
import { useMemo, useState, type SyntheticEvent } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useMay } from "../api/queries";
import { ConfigForm } from "./form/ConfigForm";
import { NARROW } from "./form/widgets";
import { filledIn, formSchema, type Config } from "./form/schema";
import { ConfigPreview } from "./ConfigPreview";
import { ErrorAlert, ProblemAlert } from "../shared/ErrorAlert";
import { TestResult } from "./TestResult";
import { useEditing } from "../shared/useEditing";

interface Props {
  type: Schemas["ConnectorType"];
  connector?: Schemas["Connector"];
  /** Another connector of this type delivers already; of each type one may. */
  taken: boolean;
  onClose: () => void;
}

type Options = Pick<
  Schemas["Connector"],
  "name" | "in_doubt" | "give_up_after" | "answer_within" | "orders_per_minute"
>;

const NEW: Options = {
  name: null,
  in_doubt: "resend",
  give_up_after: null,
  answer_within: null,
  orders_per_minute: null,
};

export function ConnectorEditor({ type, connector, taken, onClose }: Props) {
  const editing = useEditing(onClose);
  const may = useMay();
  const schema = useMemo(() => formSchema(type.config_schema), [type]);
  const stored = useMemo<Config>(() => connector?.config ?? {}, [connector]);
  const [config, setConfig] = useState<Config>(stored);
  const [options, setOptions] = useState<Options>(connector ?? NEW);
  const [enabled, setEnabled] = useState(!taken);
  const test = useAction((tried: Config) => tryConfig(type.type, filledIn(schema, tried), connector?.id), {
    quiet: true,
  });
  const save = useAction(
    () =>
      connector
        ? change(connector.id, filledIn(schema, config), options)
        : add(type.type, filledIn(schema, config), options, enabled),
    { quiet: true, done: connector ? "Saved" : "The connector is set up", onDone: onClose },
  );
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    save.run(undefined);
  };
  const accept = (host_key: string) => {
    const trusting = { ...config, host_key };
    setConfig(trusting);
    test.run(trusting);
  };
  const title = connector ? `Edit ${connector.name ?? type.display_name}` : `Add ${type.display_name}`;
  return (
    <Drawer opened onClose={editing.close} title={title}>
      <Stack component="form" onSubmit={submit} onChange={editing.onChange}>
        {connector && !connector.config_readable && (
          <ProblemAlert
            problem={{
              message: "Its configuration cannot be read: it was sealed with a key that is lost. Enter it again.",
            }}
          />
        )}
        <TextInput
          label="Name"
          description="What people here call it"
          value={options.name ?? ""}
          onChange={(event) => setOptions({ ...options, name: event.currentTarget.value || null })}
        />
        <ConfigForm
          schema={schema}
          value={config}
          stored={stored}
          error={save.error ?? test.error}
          onChange={setConfig}
        />
        <DeliveryOptions options={options} onChange={setOptions} />
        {!connector && (
          <Switch
            label="Deliver as soon as it is saved"
            checked={enabled}
            onChange={(event) => setEnabled(event.currentTarget.checked)}
            description={taken ? "Another connector of this type delivers already; disable it first." : undefined}
            disabled={taken}
          />
        )}
        {may("CONNECTORS_TEST") && (
          <ConfigPreview type={type.type} config={filledIn(schema, config)} id={connector?.id} />
        )}
        <TestResult
          pending={test.isPending}
          passed={test.data}
          error={test.error}
          onAccept={"host_key" in (schema.properties ?? {}) ? accept : undefined}
        />
        {save.error && <ErrorAlert error={save.error} />}
        <Group justify="flex-end" pb="md">
          {may("CONNECTORS_TEST") && (
            <Button variant="default" loading={test.isPending} onClick={() => test.run(config)}>
              Test connection
            </Button>
          )}
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </Drawer>
  );
}

const DOUBT = [
  { value: "resend", label: "Send again under the same name" },
  { value: "hold", label: "Wait for a person's decision" },
];

function DeliveryOptions({ options, onChange }: { options: Options; onChange: (options: Options) => void }) {
  const minutes = (name: "give_up_after" | "answer_within", label: string, description: string) => (
    <NumberInput
      label={label}
      description={description}
      suffix=" min"
      min={1}
      styles={NARROW}
      hideControls
      allowDecimal={false}
      value={options[name] === null ? "" : Math.ceil((options[name] ?? 0) / 60)}
      onChange={(value) => onChange({ ...options, [name]: value === "" ? null : Number(value) * 60 })}
    />
  );
  return (
    <Fieldset legend="Delivery">
      <Stack gap="md">
        <Select
          label="When nobody can tell whether the ERP has an order"
          data={DOUBT}
          value={options.in_doubt}
          allowDeselect={false}
          styles={NARROW}
          onChange={(value) => onChange({ ...options, in_doubt: value as Options["in_doubt"] })}
        />
        {minutes(
          "answer_within",
          "The ERP answers within",
          "What it has not answered then stands out as overdue. Empty: no limit.",
        )}
        {minutes("give_up_after", "Give up after", "An order for an ERP that stays away fails then. Empty: it waits.")}
        <NumberInput
          label="Orders per minute"
          description="The most that the ERP wants to be sent. Empty: no limit."
          min={1}
          styles={NARROW}
          hideControls
          allowDecimal={false}
          value={options.orders_per_minute ?? ""}
          onChange={(value) => onChange({ ...options, orders_per_minute: value === "" ? null : Number(value) })}
        />
      </Stack>
    </Fieldset>
  );
}

function tryConfig(connector_type: string, config: Config, id?: string) {
  return answer(api.POST("/api/v1/connectors/test", { body: { connector_type, config, id } }));
}

function add(connector_type: string, config: Config, options: Options, enabled: boolean) {
  const status = enabled ? "ACTIVE" : "DISABLED";
  return answer(
    api.POST("/api/v1/connectors", { body: { connector_type, config, status, test_on_save: false, ...options } }),
  );
}

function change(
  connector_id: string,
  config: Config,
  { name, in_doubt, give_up_after, answer_within, orders_per_minute }: Options,
) {
  const body = { config, name, in_doubt, give_up_after, answer_within, orders_per_minute, test_on_save: false };
  return answer(api.PATCH("/api/v1/connectors/{connector_id}", { params: { path: { connector_id } }, body }));
}
