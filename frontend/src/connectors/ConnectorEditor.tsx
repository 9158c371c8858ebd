import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Drawer, Group, Stack, Switch, Text, TextInput } from "@mantine/core";
import type { RJSFSchema } from "@rjsf/utils";
import { useEffect, useMemo, useState, type SyntheticEvent } from "react";
import { answer, api, type ApiError, type Schemas } from "../api/client";
import { useAction, useMay } from "../api/queries";
import { confirm } from "../shared/confirm";
import { ErrorAlert, ProblemAlert } from "../shared/ErrorAlert";
import { useEditing } from "../shared/useEditing";
import { StaleDialog } from "../shared/versions/StaleDialog";
import { useSaving, type Stored } from "../shared/versions/useSaving";
import { AnswerTrial } from "./AnswerTrial";
import { AnswersThatCome } from "./arrived/AnswersThatCome";
import { DeliveryOptions, LABELS, NEW, type Options } from "./DeliveryOptions";
import { ConfigForm } from "./form/ConfigForm";
import { isSame, placed, type Fault } from "./form/atFields";
import { filledIn, formSchema, type Config } from "./form/schema";
import { Beside } from "./setup/Beside";
import { Sample, Understood, type SampleRead } from "./setup/Sample";
import { StepList } from "./setup/StepList";
import { faultsByStep, STEP_WORDS, stepOfField, stepsOf, type Step } from "./setup/steps";
import { inFormWords, settingLabel, settingText } from "./settingWords";
import { settingsOf, type Settings } from "./stored";
import { TestResult } from "./TestResult";

type Connector = Schemas["Connector"];

interface Props {
  type: Schemas["ConnectorType"];
  connector?: Connector;
  /** What a new one begins with. */
  begun?: { settings: Settings; read?: SampleRead };
  /** Another connector of this type without a name delivers already; of each type one may. */
  taken: boolean;
  onClose: () => void;
}

export function ConnectorEditor({ type, connector, begun, taken, onClose }: Props) {
  const editing = useEditing(onClose);
  const may = useMay();
  const schema = useMemo(() => formSchema(type.config_schema), [type]);
  const [loaded] = useState(() => (connector ? stored(connector) : NOTHING));
  const [settings, setSettings] = useState(begun?.settings ?? loaded.value);
  const [read, setRead] = useState(begun?.read);
  const [formKey, setFormKey] = useState(0);
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
  const take = (sample: SampleRead) => {
    setRead(sample);
    if (sample.connector_type !== type.type) return;
    edit({ config: { ...settings.config, ...sample.config } });
    setFormKey((before) => before + 1); // lists of pairs begin with what they are given
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
  const shownSteps = stepsOf(schema, settings.config);
  const faults = useFaults(error, schema, settings.config);
  const [step, goTo] = useStepOf(error, placed(error?.fields ?? [], schema)[0]?.field, schema);
  const at = shownSteps.indexOf(step);
  const next = shownSteps[at + 1];
  return (
    <Drawer opened onClose={editing.close} title={title} size="100%">
      <form onSubmit={submit} className="setup">
        <StepList steps={shownSteps} current={step} faults={faultsByStep(faults, schema)} onChoose={goTo} />
        <div className="setup-form">
          <Stack>
            {connector && !connector.config_readable && <ProblemAlert problem={{ message: LOST }} />}
            {step === "reach" && (
              <TextInput
                label={LABELS.name}
                description={t`What people here call it`}
                value={settings.name ?? ""}
                error={wrong("name")}
                onChange={(event) => edit({ name: event.currentTarget.value || null })}
              />
            )}
            {step === "map" && read && <Understood read={read} />}
            <ConfigForm
              key={formKey}
              schema={schema}
              value={settings.config}
              stored={loaded.value.config}
              faults={faults}
              step={step}
              onChange={(config, typed) =>
                typed ? edit({ config }) : setSettings((before) => ({ ...before, config }))
              }
            />
            {step === "map" && may("CONNECTORS_EDIT") && !read && SAMPLED.has(type.type) && (
              <details className="folded">
                <summary>
                  <Text span size="sm" fw={600}>
                    <Trans>Begin with a sample</Trans>
                  </Text>
                </summary>
                <Sample type={type.type} onRead={take} />
              </details>
            )}
            {step === "answers" && connector?.takes_answers && <AnswersThatCome connector={connector} />}
            {step === "answers" && <DeliveryOptions part="answers" options={settings} wrong={wrong} onChange={edit} />}
            {step === "answers" && may("CONNECTORS_TEST") && type.type === ANSWERED_AT_ONCE && (
              <AnswerTrial type={type.type} config={filled} id={connector?.id} />
            )}
            {step === "test" && <DeliveryOptions part="pace" options={settings} wrong={wrong} onChange={edit} />}
            {step === "test" && !connector && (
              <Switch
                label={t`Deliver as soon as it is saved`}
                checked={delivers}
                onChange={(event) => setEnabled(event.currentTarget.checked)}
                description={
                  second ? t`Another connector of this type delivers already; give this one a name.` : undefined
                }
                disabled={second}
              />
            )}
          </Stack>
        </div>
        <Beside
          type={type.type}
          config={filled}
          id={connector?.id}
          result={
            <>
              <TestResult
                pending={test.isPending}
                passed={test.data}
                error={test.error}
                {...told}
                onAccept={"host_key" in (schema.properties ?? {}) ? accept : undefined}
              />
              {saving.error && <ErrorAlert error={saving.error} {...told} />}
            </>
          }
        />
        <Group className="stays setup-foot" justify="space-between">
          <Group gap="xs">
            <Button variant="subtle" disabled={at <= 0} onClick={() => goTo(shownSteps[at - 1] ?? "reach")}>
              <Trans>Back</Trans>
            </Button>
            {next && (
              <Button variant={connector ? "subtle" : "filled"} onClick={() => goTo(next)}>
                <Trans>Next: {STEP_WORDS[next][0]}</Trans>
              </Button>
            )}
          </Group>
          <Group gap="xs">
            {may("CONNECTORS_TEST") && (
              <Button variant="default" loading={test.isPending} onClick={() => test.run(filled)}>
                <Trans>Test connection</Trans>
              </Button>
            )}
            <Button type="submit" variant={connector || !next ? "filled" : "light"} loading={saving.isPending}>
              <Trans>Save</Trans>
            </Button>
          </Group>
        </Group>
      </form>
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

/** What is wrong, as long as it says what was refused: what is being mended is not called wrong. */
function useFaults(error: ApiError | null, schema: RJSFSchema, config: Config): Fault[] {
  const [refused, setRefused] = useState({ error, config });
  if (error !== refused.error) setRefused({ error, config });
  return useMemo(
    () => placed(error?.fields ?? [], schema).filter(({ field }) => isSame(field, config, refused.config)),
    [error, schema, config, refused.config],
  );
}

/** The step that is shown; what is wrong leads to where it is. */
function useStepOf(
  error: ApiError | null,
  first: string | undefined,
  schema: RJSFSchema,
): [Step, (step: Step) => void] {
  const [step, setStep] = useState<Step>("reach");
  const [told, setTold] = useState(error);
  if (error !== told) {
    setTold(error);
    if (first) setStep(stepOfField(first, schema));
  }
  const place = first && `config_${first.replace(/^config\./, "").replaceAll(".", "_")}`;
  useEffect(() => {
    if (place) document.getElementById(place)?.focus();
  }, [error, place]);
  return [step, setStep];
}

/** Types whose settings a sample shows. */
const SAMPLED = new Set(["DROPZONE_CSV_V1", "EDIFACT_ORDERS", "REST_JSON", "SAP_IDOC", "TEMPLATE_DOCUMENT", "X12_850"]);
/** The connector whose rules for answers are configured. */
const ANSWERED_AT_ONCE = "REST_JSON";
const LOST = t`Its configuration cannot be read: it was sealed with a key that is lost. Enter it again.`;
const UNTESTED = t`No test of what you entered has passed, so nobody knows whether orders arrive. Test it first if you can, or save it without letting it deliver.`;
export const BLANK: Settings = { ...NEW, config: {} };
const NOTHING: Stored<Settings> = { value: BLANK, version: 0 };

function stored(connector: Connector): Stored<Settings> {
  return { value: settingsOf(connector), version: connector.version };
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
