import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Autocomplete, Button, Drawer, Fieldset, Group, Select, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState, type SyntheticEvent } from "react";
import { answer, api, type Schemas } from "../../api/client";
import { useHoursChoices, useHoursPreview } from "../../api/queries";
import { ErrorAlert } from "../../shared/ErrorAlert";
import { useEditing } from "../../shared/useEditing";
import { StaleDialog } from "../../shared/versions/StaleDialog";
import { useSaving, type Stored } from "../../shared/versions/useSaving";
import { connectorName } from "../connectorName";
import { DAYS, draftOf, hoursOf, WEEK, type Draft, type Hours } from "./hours";
import { Outlook } from "./Outlook";
import { readersLocale } from "../../language/language";

type Connector = Schemas["Connector"];
type Value = { opening_hours: Hours | null };

/** Milliseconds of rest after a key, before the server is asked what it means. */
const REST = 300;
const PLACE = "opening_hours.";

/** When a connector may send: what is typed, and what that means for the next days. */
export function HoursEditor({ connector, onClose }: { connector: Connector; onClose: () => void }) {
  const editing = useEditing(onClose);
  const [draft, setDraft] = useState(() => draftOf(connector.opening_hours));
  const [settled] = useDebouncedValue(hoursOf(draft), REST);
  const preview = useHoursPreview(settled);
  const params = { path: { connector_id: connector.id } };
  const saving = useSaving<Value>({
    loaded: stored(connector),
    load: async () => stored(await answer(api.GET("/api/v1/connectors/{connector_id}", { params }))),
    save: async (value, headers) => {
      const body = value as unknown as Schemas["ConnectorChange"]; // what is left out stays, whatever has a default
      return stored(await answer(api.PATCH("/api/v1/connectors/{connector_id}", { params, body, headers })));
    },
    done: t`The hours are saved`,
    onDone: onClose,
  });
  const edit = (changed: Partial<Draft>) => {
    editing.onChange();
    setDraft((before) => ({ ...before, ...changed }));
  };
  const error = saving.error ?? preview.error;
  const wrong = (place: string) => error?.fields.find(({ field }) => field.startsWith(PLACE + place))?.message;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    saving.save({ opening_hours: hoursOf(draft) });
  };
  return (
    <Drawer opened onClose={editing.close} title={t`Opening hours of ${connectorName(connector)}`}>
      <Stack component="form" onSubmit={submit}>
        <Switch
          label={t`Open at all hours`}
          description={t`Else orders wait while it is closed. Answers of the ERP are read at all hours.`}
          checked={draft.always}
          onChange={(event) => edit({ always: event.currentTarget.checked })}
          data-autofocus
        />
        {!draft.always && (
          <>
            <Fields draft={draft} wrong={wrong} onChange={edit} />
            {preview.data && !preview.error && settled && <Outlook preview={preview.data} zone={settled.time_zone} />}
          </>
        )}
        {saving.error && <ErrorAlert error={saving.error} label={placeText} />}
        <Group justify="flex-end" pb="md">
          <Button type="submit" loading={saving.isPending}>
            <Trans>Save</Trans>
          </Button>
        </Group>
      </Stack>
      {saving.stale && (
        <StaleDialog
          stale={saving.stale}
          label={() => t`Opening hours`}
          show={(hours) => (hours ? JSON.stringify(hours) : t`open at all hours`)}
          onBack={saving.putOff}
          onSettled={(merged, over) => {
            setDraft(draftOf(merged.opening_hours));
            saving.settle(merged, over);
          }}
        />
      )}
    </Drawer>
  );
}

interface FieldsProps {
  draft: Draft;
  wrong: (place: string) => string | undefined;
  onChange: (changed: Partial<Draft>) => void;
}

function Fields({ draft, wrong, onChange }: FieldsProps) {
  const choices = useHoursChoices();
  const countries = choices.data?.countries ?? [];
  const parts = countries.find(({ country }) => country === draft.country)?.subdivisions ?? [];
  return (
    <>
      <Autocomplete
        label={t`Time zone`}
        description={t`All times are those of the clock on the wall there.`}
        data={choices.data?.time_zones ?? []}
        limit={20}
        value={draft.zone}
        error={wrong("time_zone")}
        onChange={(zone) => onChange({ zone })}
      />
      <Fieldset legend={t`Open`}>
        <Stack gap="xs">
          <Text size="xs" c="dimmed">
            <Trans>
              As 08:00-12:00, 13:00-17:00. The whole day is 00:00-24:00; hours that pass midnight are 22:00-06:00+1.
            </Trans>
          </Text>
          {WEEK.map((day) => (
            <TextInput
              key={day}
              label={DAYS[day]}
              placeholder={t`closed`}
              value={draft.week[day]}
              error={wrong(`weekly.${day}`)}
              onChange={(event) => onChange({ week: { ...draft.week, [day]: event.currentTarget.value } })}
            />
          ))}
        </Stack>
      </Fieldset>
      <Select
        label={t`Closed on the public holidays of`}
        placeholder={t`none`}
        data={countries.map(({ country }) => ({ value: country, label: countryName(country) }))}
        value={draft.country}
        error={wrong("holidays.country") ?? wrong("holidays:")}
        onChange={(country) => onChange({ country, subdivision: null })}
        searchable
        clearable
      />
      {parts.length > 0 && (
        <Select
          label={t`And of its part`}
          placeholder={t`none`}
          data={parts}
          value={draft.subdivision}
          error={wrong("holidays.subdivision")}
          onChange={(subdivision) => onChange({ subdivision })}
          searchable
          clearable
        />
      )}
      <TextInput
        label={t`Closed on these days too`}
        placeholder="2026-12-24, 2026-12-31"
        value={draft.closed}
        error={wrong("closed_days")}
        onChange={(event) => onChange({ closed: event.currentTarget.value })}
      />
    </>
  );
}

const NAMES = new Intl.DisplayNames(readersLocale(), { type: "region" });

function countryName(code: string): string {
  return `${NAMES.of(code) ?? code} (${code})`;
}

/** opening_hours.weekly.mon[0] → weekly.mon[0] */
function placeText(place: string): string {
  return place.replace(PLACE, "");
}

function stored({ opening_hours, version }: Connector): Stored<Value> {
  return { value: { opening_hours }, version };
}
