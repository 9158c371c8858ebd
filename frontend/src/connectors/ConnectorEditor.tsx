import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Drawer, Group, Stack, Switch, TextInput } from "@mantine/core";
import { useMemo, useState, type SyntheticEvent } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useMay } from "../api/queries";
import { confirm } from "../shared/confirm";
import { ErrorAlert, ProblemAlert } from "../shared/ErrorAlert";
import { useEditing } from "../shared/useEditing";
import { StaleDialog } from "../shared/versions/StaleDialog";
import { useSaving, type Stored } from "../shared/versions/useSaving";
import { AnswerTrial } from "./AnswerTrial";
import { AnswersThatCome } from "./arrived/AnswersThatCome";
import { ConfigPreview } from "./ConfigPreview";
import { DeliveryOptions, LABELS, NEW, type Options } from "./DeliveryOptions";
import { ConfigForm } from "./form/ConfigForm";
import { filledIn, formSchema, type Config } from "./form/schema";
import { inFormWords, settingLabel, settingText } from "./settingWords";
import { TestResult } from "./TestResult";

type Connector = Schemas["Connector"];

interface Props {
  type: Schemas["ConnectorType"];
  connector?: Connector;
  /** Another connector of this type without a name delivers already; of each type one may. */
  taken: boolean;
  onClose: () => void;
}

type Settings = Options & { config: Config };

export function ConnectorEditor({ type, connector, taken, onClose }: Props) {
  const editing = useEditing(onClose);
  const may = useMay();
  const schema = useMemo(() => formSchema(type.config_schema), [type]);
  const [loaded] = useState(() => (connector ? stored(connector) : NOTHING));
  const [settings, setSettings] = useState(loaded.value);
  const [enabled, setEnabled] = useState(true);
  const second = taken && !settings.name;
  const delivers = enabled && !second;
  const filled = filledIn(schema, settings.config);
  const test = useAction((config: Config) => tryConfig(type.type, config, connector?.id), { quiet: true });
  // A test counts for the configuration that passed it, and for no other.
  const proof = JSON.stringify(test.variables) === JSON.stringify(filled) ? test.data?.proof : undefined;
  const saving = useSaving<Settings>({
    loaded,
    load: async () => stored(await getConnector(connector?.id ?? "")),
    save: async (yours, headers) => {
      const body = { ...yours, config: filledIn(schema, yours.config), test_proof: proof, test_on_save: false };
      return stored(await (connector ? change(connector.id, body, headers) : add(type.type, body, delivers)));
    },
    done: connector ? t`Saved` : t`The connector is set up`,
    onDone: onClose,
  });
  const edit = (changed: Partial<Settings>) => {
    editing.onChange();
    setSettings((before) => ({ ...before, ...changed }));
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (connector || !delivers || proof) saving.save(settings);
    else confirm(t`Deliver without a passed test?`, UNTESTED, t`Save untested`, () => saving.save(settings));
  };
  const accept = (host_key: string) => {
    const trusting = { ...settings.config, host_key };
    edit({ config: trusting });
    test.run(filledIn(schema, trusting));
  };
  const error = saving.error ?? test.error;
  const wrong = (name: keyof Options) => error?.fields.find(({ field }) => field === name)?.message;
  const words = { label: (path: string[]) => settingLabel(schema, path), show: settingText(schema) };
  const told = {
    label: (field: string) => settingLabel(schema, field.split(".")),
    words: (sentence: string) => inFormWords(schema, sentence),
  };
  const title = connector ? t`Edit ${connector.name ?? type.display_name}` : t`Add ${type.display_name}`;
  return (
    <Drawer opened onClose={editing.close} title={title}>
      <Stack component="form" onSubmit={submit}>
        {connector && !connector.config_readable && <ProblemAlert problem={{ message: LOST }} />}
        <TextInput
          label={LABELS.name}
          description={t`What people here call it`}
          value={settings.name ?? ""}
          error={wrong("name")}
          onChange={(event) => edit({ name: event.currentTarget.value || null })}
        />
        <ConfigForm
          schema={schema}
          value={settings.config}
          stored={loaded.value.config}
          error={error}
          onChange={(config, typed) => (typed ? edit({ config }) : setSettings((before) => ({ ...before, config })))}
        />
        {connector?.takes_answers && <AnswersThatCome connector={connector} />}
        <DeliveryOptions options={settings} wrong={wrong} onChange={edit} />
        {!connector && (
          <Switch
            label={t`Deliver as soon as it is saved`}
            checked={delivers}
            onChange={(event) => setEnabled(event.currentTarget.checked)}
            description={second ? t`Another connector of this type delivers already; give this one a name.` : undefined}
            disabled={second}
          />
        )}
        {may("CONNECTORS_TEST") && <ConfigPreview type={type.type} config={filled} id={connector?.id} />}
        {may("CONNECTORS_TEST") && type.type === ANSWERED_AT_ONCE && (
          <AnswerTrial type={type.type} config={filled} id={connector?.id} />
        )}
        <TestResult
          pending={test.isPending}
          passed={test.data}
          error={test.error}
          {...told}
          onAccept={"host_key" in (schema.properties ?? {}) ? accept : undefined}
        />
        {saving.error && <ErrorAlert error={saving.error} {...told} />}
        <Group justify="flex-end" pb="md">
          {may("CONNECTORS_TEST") && (
            <Button variant="default" loading={test.isPending} onClick={() => test.run(filled)}>
              <Trans>Test connection</Trans>
            </Button>
          )}
          <Button type="submit" loading={saving.isPending}>
            <Trans>Save</Trans>
          </Button>
        </Group>
      </Stack>
      {saving.stale && (
        <StaleDialog
          {...words}
          stale={saving.stale}
          onBack={saving.putOff}
          onSettled={(merged, over) => {
            setSettings(merged);
            saving.settle(merged, over);
          }}
        />
      )}
    </Drawer>
  );
}

/** The connector whose rules for answers are configured. */
const ANSWERED_AT_ONCE = "REST_JSON";
const LOST = t`Its configuration cannot be read: it was sealed with a key that is lost. Enter it again.`;
const UNTESTED = t`No test of what you entered has passed, so nobody knows whether orders arrive. Test it first if you can, or save it without letting it deliver.`;
const NOTHING: Stored<Settings> = { value: { ...NEW, config: {} }, version: 0 };

function stored(connector: Connector): Stored<Settings> {
  const { name, in_doubt, change_by_recall, commit_within, give_up_after, orders_per_minute, config, version } =
    connector;
  const { answer_within, received_within, understood_within } = connector;
  const within = { answer_within, received_within, understood_within };
  const options = { name, in_doubt, change_by_recall, commit_within, give_up_after, ...within, orders_per_minute };
  return { value: { ...options, config: config ?? {} }, version };
}

type Body = Settings & { test_proof?: string | null; test_on_save: boolean };

function tryConfig(connector_type: string, config: Config, id?: string) {
  return answer(api.POST("/api/v1/connectors/test", { body: { connector_type, config, id } }));
}

function getConnector(connector_id: string): Promise<Connector> {
  return answer(api.GET("/api/v1/connectors/{connector_id}", { params: { path: { connector_id } } }));
}

function add(connector_type: string, body: Body, enabled: boolean) {
  const status = enabled ? "ACTIVE" : "DISABLED";
  return answer(api.POST("/api/v1/connectors", { body: { ...body, connector_type, status } }));
}

function change(connector_id: string, body: Body, headers: Record<string, string>) {
  return answer(api.PATCH("/api/v1/connectors/{connector_id}", { params: { path: { connector_id } }, body, headers }));
}
