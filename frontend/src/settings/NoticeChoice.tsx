import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import {
  Alert,
  Autocomplete,
  Button,
  Card,
  Group,
  NativeSelect,
  Stack,
  Switch,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { i18n } from "@lingui/core";
import { useState, type ChangeEvent, type SyntheticEvent } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useHoursChoices, useMe, useNotices } from "../api/queries";
import { LANGUAGES, nameOf } from "../language/language";
import { Answered } from "../shared/Answered";
import { confirm } from "../shared/confirm";
import { ErrorAlert } from "../shared/ErrorAlert";
import { Moment } from "../shared/Moment";
import { ShownOnce } from "../shared/ShownOnce";
import { StaleDialog } from "../shared/versions/StaleDialog";
import { useSaving } from "../shared/versions/useSaving";
import { bodyOf, isSilent, labelOf, storedForm, type NoticeForm } from "./noticeForm";

const here = () => ({ zone: Intl.DateTimeFormat().resolvedOptions().timeZone, language: i18n.locale });
const stored = (view: Schemas["NoticesView"]) => storedForm(view, here());

/** What one is told of by e-mail and webhook, wherever one is. */
export default function NoticeChoice() {
  return (
    <Card maw={480}>
      <Title order={2} size="h5">
        <Trans>Notices by e-mail and webhook</Trans>
      </Title>
      <Text size="sm" c="dimmed" mb="md">
        <Trans>They hold counts, codes and links. What was solved before one goes out is left out of it.</Trans>
      </Text>
      <Answered query={useNotices()}>{(view) => <Form view={view} />}</Answered>
    </Card>
  );
}

function Form({ view }: { view: Schemas["NoticesView"] }) {
  const [form, setForm] = useState(() => stored(view).value);
  const change = (changed: Partial<NoticeForm>) => setForm({ ...form, ...changed });
  const saving = useSaving<NoticeForm>({
    loaded: stored(view),
    load: async () => stored(await answer(api.GET("/api/v1/me/notices"))),
    save: async (yours, headers) =>
      stored(await answer(api.PUT("/api/v1/me/notices", { body: bodyOf(yours), headers }))),
    done: t`Saved`,
    onDone: setForm,
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    saving.save(form);
  };
  return (
    <Stack component="form" gap="sm" onSubmit={submit} aria-label={t`Notices by e-mail and webhook`}>
      <Wishes form={form} onChange={change} />
      <Ways form={form} view={view} onChange={change} />
      <When form={form} onChange={change} />
      {isSilent(form) && (
        <Text size="sm" c="orange.8">
          <Trans>Like this you are told nothing: choose a way, and what you want to be told.</Trans>
        </Text>
      )}
      {saving.error && <ErrorAlert error={saving.error} label={labelOf} />}
      <Group>
        <Button type="submit" loading={saving.isPending}>
          <Trans>Save notices</Trans>
        </Button>
        {view.ways.length > 0 && <Try />}
      </Group>
      {view.ways.map((way) => (
        <WayState key={way.way} way={way} />
      ))}
      {saving.stale && (
        <StaleDialog
          stale={saving.stale}
          label={([field]) => labelOf(field ?? "")}
          show={String}
          onBack={saving.putOff}
          onSettled={(merged, over) => {
            setForm(merged);
            saving.settle(merged, over);
          }}
        />
      )}
    </Stack>
  );
}

interface PartProps {
  form: NoticeForm;
  onChange: (changed: Partial<NoticeForm>) => void;
}

type Toggle = { [K in keyof NoticeForm]: NoticeForm[K] extends boolean ? K : never }[keyof NoticeForm];

const MORNING = "07:00";

function Wishes({ form, onChange }: PartProps) {
  const wish = (field: Toggle) => ({
    label: labelOf(field),
    checked: form[field],
    onChange: (event: ChangeEvent<HTMLInputElement>) => onChange({ [field]: event.currentTarget.checked }),
  });
  return (
    <>
      <Switch {...wish("first")} />
      <Switch {...wish("mine")} />
      <Switch
        label={t`A digest of all that needs somebody, once a day`}
        checked={form.digest_at !== ""}
        onChange={(event) => onChange({ digest_at: event.currentTarget.checked ? MORNING : "" })}
      />
      {form.digest_at !== "" && (
        <TextInput
          type="time"
          required
          label={labelOf("digest_at")}
          value={form.digest_at}
          onChange={(event) => onChange({ digest_at: event.currentTarget.value })}
        />
      )}
    </>
  );
}

function Ways({ form, view, onChange }: PartProps & { view: Schemas["NoticesView"] }) {
  const { data: me } = useMe();
  return (
    <>
      <Switch
        label={labelOf("mail")}
        description={view.mail_possible ? t`To ${me?.email ?? ""}` : t`This installation sends no e-mail.`}
        checked={form.mail}
        disabled={!view.mail_possible && !form.mail}
        onChange={(event) => onChange({ mail: event.currentTarget.checked })}
      />
      <TextInput
        type="url"
        label={labelOf("webhook_url")}
        description={t`Whoever knows it can post there: keep it as you keep a password. Empty: by none.`}
        autoComplete="off"
        value={form.webhook_url}
        onChange={(event) => onChange({ webhook_url: event.currentTarget.value })}
      />
      {view.webhook_url !== null && <Signing signed={view.signed} />}
    </>
  );
}

/** What signs what the stored webhook gets. */
function Signing({ signed }: { signed: boolean }) {
  const make = useAction(() => answer(api.POST("/api/v1/me/notices/secret")));
  const makeAnother = () =>
    confirm(
      t`Make another secret?`,
      t`From then on it alone signs what is sent: the receiver has to know it.`,
      t`New secret`,
      () => make.run(undefined),
      { color: "blue" },
    );
  return (
    <div>
      <Group gap="xs">
        <Text size="sm" c="dimmed" className="grows">
          {signed
            ? t`It is signed (standardwebhooks.com), so that the receiver can tell that it is from here.`
            : t`It is not signed. With a secret, the receiver can tell that it is from here.`}
        </Text>
        <Button
          size="xs"
          variant="default"
          loading={make.isPending}
          onClick={signed ? makeAnother : () => make.run(undefined)}
        >
          {signed ? t`New secret` : t`Make a secret`}
        </Button>
      </Group>
      {make.data && <ShownOnce value={make.data.secret} />}
    </div>
  );
}

const NIGHT = { quiet_start: "20:00", quiet_end: "07:00" };
const NEVER = { quiet_start: "", quiet_end: "" };

function When({ form, onChange }: PartProps) {
  const zones = useHoursChoices().data?.time_zones ?? [];
  const hour = (field: "quiet_start" | "quiet_end") => (
    <TextInput
      type="time"
      required
      label={labelOf(field)}
      value={form[field]}
      onChange={(event) => onChange({ [field]: event.currentTarget.value })}
    />
  );
  const quiet = form.quiet_start !== "" || form.quiet_end !== "";
  return (
    <>
      <Switch
        label={labelOf("quiet")}
        description={t`What comes in them is told afterwards, if it is still there.`}
        checked={quiet}
        onChange={(event) => onChange(event.currentTarget.checked ? NIGHT : NEVER)}
      />
      {quiet && (
        <Group grow>
          {hour("quiet_start")}
          {hour("quiet_end")}
        </Group>
      )}
      <Group grow align="flex-start">
        <Autocomplete
          label={labelOf("time_zone")}
          data={zones}
          limit={20}
          value={form.time_zone}
          onChange={(time_zone) => onChange({ time_zone })}
        />
        <NativeSelect
          label={labelOf("language")}
          data={LANGUAGES.map((value) => ({ value, label: nameOf(value) }))}
          value={form.language}
          onChange={(event) => onChange({ language: event.currentTarget.value })}
        />
      </Group>
    </>
  );
}

const NAMES: Record<Schemas["NoticeWayView"]["way"], string> = { mail: t`E-mail`, webhook: t`Webhook` };

/** Sends one now by each way that is stored, and tells what became of it. */
function Try() {
  const tried = useAction(() => answer(api.POST("/api/v1/me/notices/test")), {
    done: ({ items }) => (items.every(({ taken }) => taken) ? t`It was taken everywhere.` : undefined),
  });
  const failed = tried.data?.items.filter(({ taken }) => !taken) ?? [];
  return (
    <>
      <Button variant="default" loading={tried.isPending} onClick={() => tried.run(undefined)}>
        <Trans>Try it</Trans>
      </Button>
      {failed.map(({ way, problem }) => (
        <Alert key={way} color="red" role="alert" title={t`${NAMES[way]}: it did not go out`}>
          {problem?.message}
        </Alert>
      ))}
    </>
  );
}

function WayState({ way }: { way: Schemas["NoticeWayView"] }) {
  const name = NAMES[way.way];
  if (way.problem === null)
    return way.sent_at === null ? null : (
      <Text size="sm" c="dimmed">
        <Trans>
          {name}: told last <Moment at={way.sent_at} />
        </Trans>
      </Text>
    );
  const title = way.stopped_at
    ? t`${name}: stopped, since it took nothing`
    : t`${name}: the last notice did not go out`;
  return (
    <Alert color={way.stopped_at ? "red" : "orange"} title={title}>
      <Text size="sm">{way.problem.message}</Text>
      <Text size="sm" c="dimmed">
        {way.stopped_at
          ? t`Correct the address, or save once more to have it tried again.`
          : t`It is tried again by itself.`}
      </Text>
    </Alert>
  );
}
