import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Card, Group, Stack, Switch, Text, TextInput, Title } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useMay, useOrganization } from "../api/queries";
import { Answered } from "../shared/Answered";
import { confirm } from "../shared/confirm";
import { ErrorAlert } from "../shared/ErrorAlert";
import { Moment } from "../shared/Moment";
import { StaleDialog } from "../shared/versions/StaleDialog";
import { useSaving, type IfMatch, type Stored } from "../shared/versions/useSaving";

type Organization = Schemas["OrganizationView"];

export function OrganizationSettings() {
  const organization = useOrganization();
  return (
    <Answered query={organization}>
      {(data) => (
        <Stack maw={640}>
          <Naming organization={data} />
          <SecondFactors organization={data} />
          <Pausing organization={data} />
        </Stack>
      )}
    </Answered>
  );
}

/** Whether everybody needs a second factor; for administrators. */
function SecondFactors({ organization }: { organization: Organization }) {
  const may = useMay();
  const require = useAction(
    (second_factor_required: boolean) =>
      answer(api.PATCH("/api/v1/organization", { body: { second_factor_required } })),
    { done: t`Saved` },
  );
  if (!may("ORG_MANAGE")) return null;
  const change = (wanted: boolean) =>
    wanted
      ? confirm(
          t`Require a second factor of everybody?`,
          t`Who has none sets one up before anything else, you too. API keys need none.`,
          t`Require it`,
          () => require.run(true),
        )
      : require.run(false);
  return (
    <Card>
      <Switch
        label={t`Everybody needs a second factor to sign in`}
        checked={organization.second_factor_required}
        disabled={require.isPending}
        onChange={(event) => change(event.currentTarget.checked)}
      />
    </Card>
  );
}

function Naming({ organization }: { organization: Organization }) {
  const may = useMay();
  const [name, setName] = useState(organization.name);
  const saving = useSaving({
    loaded: stored(organization),
    load: async () => stored(await answer(api.GET("/api/v1/organization"))),
    save: async (body, headers) => stored(await answer(api.PATCH("/api/v1/organization", { body, headers }))),
    done: t`Saved`,
    onDone: (saved) => setName(saved.name),
  });
  return (
    <Card>
      <Title order={2} size="h5" mb="sm">
        {organization.name}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        <Trans>
          Short name <code>{organization.slug}</code>, since <Moment at={organization.created_at} />
        </Trans>
      </Text>
      {may("ORG_MANAGE") && (
        <Group align="flex-end">
          <TextInput
            label={t`Name`}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            style={{ flex: 1 }}
          />
          <Button
            loading={saving.isPending}
            disabled={name === organization.name || !name.trim()}
            onClick={() => saving.save({ name })}
          >
            <Trans>Save</Trans>
          </Button>
        </Group>
      )}
      {saving.error && <ErrorAlert error={saving.error} />}
      {saving.stale && (
        <StaleDialog
          stale={saving.stale}
          label={() => t`Name`}
          show={String}
          onBack={saving.putOff}
          onSettled={(merged, over) => {
            setName(merged.name);
            saving.settle(merged, over);
          }}
        />
      )}
    </Card>
  );
}

function stored({ name, version }: Organization): Stored<{ name: string }> {
  return { value: { name }, version };
}

function Pausing({ organization }: { organization: Organization }) {
  const may = useMay();
  const [until, setUntil] = useState("");
  const shown = storedPause(organization);
  const saving = useSaving<Pause>({
    loaded: shown,
    load: async () => storedPause(await answer(api.GET("/api/v1/organization"))),
    save: async (yours, headers) => storedPause(await answer(pauseOrResume(yours, headers))),
    done: t`Saved`,
    click: true,
  });
  const pause = () => saving.save({ deliveries: until ? new Date(until).toISOString() : PAUSED }, shown);
  const resume = () => saving.save({ deliveries: GO_ON }, shown);
  const ask = () =>
    confirm(
      t`Pause all deliveries?`,
      t`Nothing more is delivered until then; orders can still be pushed and wait. What is under way is finished.`,
      t`Pause`,
      pause,
    );
  const paused = organization.deliveries_paused;
  return (
    <Card>
      <Title order={2} size="h5" mb="xs">
        <Trans>Deliveries</Trans>
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {paused ? (
          <>
            <Trans>
              Paused since <Moment at={organization.deliveries_paused_at} />. What waited goes out at once when they are
              resumed.
            </Trans>
          </>
        ) : (
          <>
            <Trans>
              Orders go out as they are pushed.{" "}
              {may("DELIVERIES_PAUSE")
                ? t`Pause them for a maintenance window of the ERP.`
                : t`An administrator or an integrator can pause them for a maintenance window of the ERP.`}
            </Trans>
          </>
        )}
      </Text>
      {may("DELIVERIES_PAUSE") &&
        (paused ? (
          <Button loading={saving.isPending} onClick={resume}>
            <Trans>Resume deliveries</Trans>
          </Button>
        ) : (
          <Group align="flex-end">
            <TextInput
              label={t`Until (empty: until resumed)`}
              type="datetime-local"
              value={until}
              onChange={(event) => setUntil(event.currentTarget.value)}
            />
            <Button variant="default" loading={saving.isPending} onClick={ask}>
              <Trans>Pause deliveries</Trans>
            </Button>
          </Group>
        ))}
      {saving.stale && (
        <StaleDialog
          stale={saving.stale}
          label={() => t`Deliveries`}
          show={pauseText}
          onBack={saving.putOff}
          back={t`Cancel`}
          onSettled={saving.settle}
        />
      )}
    </Card>
  );
}

/** Whether deliveries are paused, and until when, as the one thing that it is: GO_ON, PAUSED, or the moment of its end. */
type Pause = { deliveries: string };

function storedPause({ deliveries_paused, deliveries_paused_until, version }: Organization): Stored<Pause> {
  return { value: { deliveries: deliveries_paused ? (deliveries_paused_until ?? PAUSED) : GO_ON }, version };
}

function pauseOrResume({ deliveries }: Pause, headers: IfMatch) {
  if (deliveries === GO_ON) return api.POST("/api/v1/organization/resume", { headers });
  const until = deliveries === PAUSED ? null : deliveries;
  return api.POST("/api/v1/organization/pause", { body: { until }, headers });
}

function pauseText(value: unknown): ReactNode {
  if (value === GO_ON) return t`go on`;
  if (value === PAUSED) return t`paused until somebody resumes them`;
  return (
    <>
      <Trans>
        paused until <Moment at={String(value)} absolute />
      </Trans>
    </>
  );
}

const GO_ON = "GO_ON";
const PAUSED = "PAUSED";
