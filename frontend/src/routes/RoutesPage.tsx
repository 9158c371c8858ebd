import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { ActionIcon, Alert, Button, Card, Group, Stack, Text } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPencil, IconPlus, IconRoute, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useConnectors, useMay, useRouteFields, useRoutes } from "../api/queries";
import { connectorName } from "../connectors/connectorName";
import { Answered } from "../shared/Answered";
import { Empty } from "../shared/Empty";
import { ErrorAlert } from "../shared/ErrorAlert";
import { PageTitle } from "../shared/PageTitle";
import { StaleDialog } from "../shared/versions/StaleDialog";
import { useSaving, type Stored } from "../shared/versions/useSaving";
import { RouteTester } from "./RouteTester";
import { RuleEditor } from "./RuleEditor";
import { moved, whenText, type Rule } from "./rows";

type Routes = Schemas["RouteRules"];
type Value = { rules: Rule[] };

export default function RoutesPage() {
  const routes = useRoutes();
  return (
    <>
      <PageTitle
        about={t`Which connector an order goes to: the first rule that fits takes it, else the default`}
      >{t`Routes`}</PageTitle>
      <Answered query={routes}>{(data) => <Editor routes={data} />}</Answered>
    </>
  );
}

function Editor({ routes }: { routes: Routes }) {
  const may = useMay()("CONNECTORS_EDIT");
  const connectors = useConnectors().data ?? [];
  const fields = useRouteFields().data ?? [];
  const [rules, setRules] = useState(routes.rules);
  const [edited, setEdited] = useState<number>();
  const saving = useSaving<Value>({
    loaded: stored(routes),
    load: async () => stored(await answer(api.GET("/api/v1/routes"))),
    save: async (body, headers) => {
      const saved = stored(await answer(api.PUT("/api/v1/routes", { body, headers })));
      setRules((now) => (now === body.rules ? saved.value.rules : now));
      return saved;
    },
    done: t`The rules are saved`,
  });
  const { value, version } = saving.base;
  const changed = JSON.stringify(rules) !== JSON.stringify(value.rules);
  if (routes.version > version && !changed && edited === undefined) {
    // what others saved is taken over where nothing of one's own is lost
    saving.begin(stored(routes));
    setRules(routes.rules);
  }
  const nameOf = (id: string) => {
    const found = connectors.find((each) => each.id === id);
    return found ? connectorName(found) : id;
  };
  const take = (at: number, rule: Rule) => {
    setRules(at < rules.length ? rules.with(at, rule) : [...rules, rule]);
    setEdited(undefined);
  };
  return (
    <Stack>
      {may && (
        <Group>
          <Button
            variant="default"
            leftSection={<IconPlus size={16} />}
            disabled={fields.length === 0}
            onClick={() => setEdited(rules.length)}
          >
            <Trans>Add a rule</Trans>
          </Button>
          <Button loading={saving.isPending} disabled={!changed} onClick={() => saving.save({ rules })}>
            <Trans>Save the rules</Trans>
          </Button>
          {changed && (
            <Button variant="subtle" onClick={() => setRules(value.rules)}>
              <Trans>Discard changes</Trans>
            </Button>
          )}
        </Group>
      )}
      {saving.error && <ErrorAlert error={saving.error} label={placeText} />}
      {routes.hints.map((hint) => (
        <Alert key={hint.number} color="yellow" variant="light">
          {hint.message}
        </Alert>
      ))}
      {rules.length === 0 && (
        <Empty icon={IconRoute} title={t`No rules`}>
          <Trans>Orders go to the default connector.</Trans>
        </Empty>
      )}
      {rules.map((rule, at) => (
        <RuleCard
          key={at}
          rule={rule}
          number={at + 1}
          last={at === rules.length - 1}
          nameOf={nameOf}
          {...(may && {
            onEdit: () => setEdited(at),
            onMove: (by: number) => setRules(moved(rules, at, at + by)),
            onRemove: () => setRules(rules.toSpliced(at, 1)),
          })}
        />
      ))}
      <RouteTester key={version} rules={rules} nameOf={nameOf} />
      {edited !== undefined && (
        <RuleEditor
          rule={rules[edited] ?? NEW_RULE}
          fields={fields}
          connectors={connectors}
          onDone={(rule) => take(edited, rule)}
          onClose={() => setEdited(undefined)}
        />
      )}
      {saving.stale && (
        <StaleDialog
          stale={saving.stale}
          label={() => t`Rules`}
          show={(value) =>
            Array.isArray(value) ? (value as Rule[]).map(({ name }) => name).join(", ") : String(value)
          }
          onBack={saving.putOff}
          onSettled={(merged, over) => {
            setRules(merged.rules);
            saving.settle(merged, over);
          }}
        />
      )}
    </Stack>
  );
}

interface CardProps {
  rule: Rule;
  number: number;
  last: boolean;
  nameOf: (id: string) => string;
  onEdit?: () => void;
  onMove?: (by: number) => void;
  onRemove?: () => void;
}

function RuleCard({ rule, number, last, nameOf, onEdit, onMove, onRemove }: CardProps) {
  const fallback = rule.fallback_id ? t`, while that delivers nothing to ${nameOf(rule.fallback_id)}` : "";
  return (
    <Card component="section" aria-label={rule.name} py="sm">
      <Group justify="space-between" wrap="nowrap">
        <div>
          <Text fw={600}>
            {number}. {rule.name}
          </Text>
          <Text size="sm">
            {whenText(rule.when)} → <b>{nameOf(rule.connection_id)}</b>
            {fallback}
          </Text>
        </div>
        {onEdit && onMove && onRemove && (
          <Group gap={4} wrap="nowrap">
            <Act icon={IconArrowUp} label={t`Move ${rule.name} up`} off={number === 1} onClick={() => onMove(-1)} />
            <Act icon={IconArrowDown} label={t`Move ${rule.name} down`} off={last} onClick={() => onMove(1)} />
            <Act icon={IconPencil} label={t`Edit ${rule.name}`} onClick={onEdit} />
            <Act icon={IconTrash} label={t`Remove ${rule.name}`} onClick={onRemove} />
          </Group>
        )}
      </Group>
    </Card>
  );
}

interface ActProps {
  icon: typeof IconTrash;
  label: string;
  off?: boolean;
  onClick: () => void;
}

function Act({ icon: Icon, label, off, onClick }: ActProps) {
  return (
    <ActionIcon variant="subtle" aria-label={label} disabled={off} onClick={onClick}>
      <Icon size={16} />
    </ActionIcon>
  );
}

const NEW_RULE: Rule = { name: "", when: { all: [] }, connection_id: "", fallback_id: null };

/** rules[0].when.all[2].value → Rule 1: when.all[2].value */
function placeText(place: string): string {
  return place.replace(/^rules\[(\d+)\]\.?/, (_, at) => t`Rule ${Number(at) + 1}: `);
}

function stored({ rules, version }: Routes): Stored<Value> {
  return { value: { rules }, version };
}
