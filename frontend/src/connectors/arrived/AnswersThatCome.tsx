import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Code, Fieldset, Group, Stack, Text } from "@mantine/core";
import { BASE } from "../../api/base";
import { answer, api, type Schemas } from "../../api/client";
import { useAction } from "../../api/queries";
import { confirm } from "../../shared/confirm";
import { ErrorAlert } from "../../shared/ErrorAlert";
import { Moment } from "../../shared/Moment";
import { ShownOnce } from "../../shared/ShownOnce";
import { Arrived } from "./Arrived";

type Connector = Schemas["Connector"];

/** Where the ERP may send its answers by itself, the token with which it may, and what came. */
export function AnswersThatCome({ connector }: { connector: Connector }) {
  const params = { path: { connector_id: connector.id } };
  const make = useAction(() => answer(api.POST("/api/v1/connectors/{connector_id}/answer-token", { params })), {
    quiet: true,
  });
  const revoke = useAction(() => answer(api.DELETE("/api/v1/connectors/{connector_id}/answer-token", { params })), {
    done: t`The token has ended`,
    onDone: () => make.reset(),
  });
  const prefix = make.data ? make.data.token.split("_")[1] : revoke.isSuccess ? null : connector.answer_token_prefix;
  const renew = () => confirm(t`Make a new token?`, ENDS, t`Make token`, () => make.run(undefined));
  return (
    <Fieldset legend={t`Answers that the ERP sends itself`}>
      <Stack gap="sm">
        <Text size="sm">
          <Trans>
            The ERP may send its answers (POST) to <Code>{addressOf(connector)}</Code>, with the token below or signed
            with the signing secret above.
          </Trans>
        </Text>
        {make.data && <ShownOnce value={make.data.token} />}
        {make.error && <ErrorAlert error={make.error} />}
        <Group gap="xs">
          <Text size="sm" c="dimmed">
            {prefix ? (
              <span className="mono">
                <Trans>ofa_{prefix}… </Trans>
              </span>
            ) : (
              t`There is no token.`
            )}
            {!make.data && prefix && <Moment at={connector.answer_token_at} />}
          </Text>
          <Button
            size="xs"
            variant="default"
            loading={make.isPending}
            onClick={prefix ? renew : () => make.run(undefined)}
          >
            {prefix ? t`Make a new token` : t`Make a token`}
          </Button>
          {prefix && (
            <Button
              size="xs"
              variant="subtle"
              color="red"
              loading={revoke.isPending}
              onClick={() => confirm(t`End the token?`, REFUSED, t`End token`, () => revoke.run(undefined))}
            >
              <Trans>End token</Trans>
            </Button>
          )}
        </Group>
        <Arrived connector_id={connector.id} />
      </Stack>
    </Fieldset>
  );
}

const ENDS = t`The one that there is ends at once: the ERP is refused until it sends the new one.`;
const REFUSED = t`The ERP is refused from now on, unless it signs its answers.`;

function addressOf({ id }: { id: string }) {
  return `${window.location.origin}${BASE}/api/v1/answers/${id}`;
}
