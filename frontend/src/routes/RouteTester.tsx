import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Alert, Badge, Button, Card, Group, List, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction } from "../api/queries";
import { ErrorAlert } from "../shared/ErrorAlert";
import { operatorText, type Rule } from "./rows";

interface Props {
  /** Those that are on the page, saved or not. */
  rules: Rule[];
  nameOf: (connection_id: string) => string;
}

interface Tried {
  order: Schemas["OrderSummary"];
  route: Schemas["RouteTried"];
}

/** An order, tried on the rules as they stand on the page: which one takes it, and why. */
export function RouteTester({ rules, nameOf }: Props) {
  const [number, setNumber] = useState("");
  const trial = useAction((q: string) => tryOrder(q, rules), { quiet: true });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    trial.run(number.trim());
  };
  return (
    <Card component="section" aria-label={t`Try an order`}>
      <Stack>
        <Title order={2} size="h5">
          <Trans>Try an order</Trans>
        </Title>
        <Group component="form" align="flex-end" onSubmit={submit}>
          <TextInput
            label={t`Order`}
            description={t`Its number, or a part of it`}
            value={number}
            onChange={(event) => setNumber(event.currentTarget.value)}
            style={{ flex: 1 }}
          />
          <Button type="submit" variant="default" loading={trial.isPending} disabled={!number.trim()}>
            <Trans>Try</Trans>
          </Button>
        </Group>
        {trial.error && <ErrorAlert error={trial.error} />}
        {trial.data === null && (
          <Text size="sm">
            <Trans>There is no such order.</Trans>
          </Text>
        )}
        {trial.data && <Outcome {...trial.data} nameOf={nameOf} />}
      </Stack>
    </Card>
  );
}

async function tryOrder(q: string, rules: Rule[]): Promise<Tried | null> {
  const { items } = await answer(api.GET("/api/v1/draft-orders", { params: { query: { q, limit: 1 } } }));
  const [order] = items;
  if (!order) return null;
  return { order, route: await answer(api.POST("/api/v1/routes/test", { body: { order_id: order.id, rules } })) };
}

function Outcome({ order, route, nameOf }: Tried & Pick<Props, "nameOf">) {
  const by = route.rule ? t`by the rule “${route.rule}”` : t`by default: no rule is for it`;
  return (
    <Stack gap="xs" role="status">
      {route.connection_id ? (
        <Alert color="teal" variant="light">
          <Trans>
            {order.external_order_number ?? order.id} goes to <b>{nameOf(route.connection_id)}</b>, {by}.
          </Trans>
        </Alert>
      ) : (
        <Alert color="yellow" variant="light">
          <Trans>
            {order.external_order_number ?? order.id} waits: {route.waits_for?.message} {route.waits_for?.hint}
          </Trans>
        </Alert>
      )}
      {route.rules.map((rule) => (
        <div key={rule.number}>
          <Group gap="xs">
            <Text size="sm" fw={rule.takes ? 700 : 400}>
              {rule.number + 1}. {rule.name}
            </Text>
            {rule.takes ? (
              <Badge color="teal">
                <Trans>takes it</Trans>
              </Badge>
            ) : (
              <Badge color="gray" variant="light">
                {rule.fits ? t`fits too` : t`does not fit`}
              </Badge>
            )}
          </Group>
          <List size="xs" c="dimmed">
            {rule.conditions.map((each) => (
              <List.Item key={each.place}>
                <Trans>
                  {each.fits ? "✓" : "✗"} {each.lines && t`${each.lines} line: `}
                  {each.field} {operatorText(each.operator)}: it is {foundText(each.found)}
                </Trans>
              </List.Item>
            ))}
          </List>
        </div>
      ))}
    </Stack>
  );
}

function foundText(found: string | string[] | null): string {
  if (found === null) return "empty";
  return Array.isArray(found) ? found.join(", ") || t`without lines` : `“${found}”`;
}
