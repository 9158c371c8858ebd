import { plural, t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Alert, Badge, Button, List, Mark, Text, Tooltip, VisuallyHidden } from "@mantine/core";
import { answer, api } from "../api/client";
import { useAction, type ExactConfirmed, type ExactLine, type ExactOrder } from "../api/queries";

import { Moment } from "../shared/Moment";
import { ifMatch } from "../shared/versions/useSaving";
import { differenceText, saidOf, type ByLine } from "./confirmed";

/** Differences that are listed; a long order may have one for each line, and its lines show them all. */
const LISTED = 10;

/** What the ERP confirmed otherwise than it was ordered, until a person accepts it. */
export function DifferencesAlert({ order, confirmed }: { order: ExactOrder; confirmed: ExactConfirmed }) {
  const { differences } = confirmed;
  const partial = confirmed.confirmation === "PARTIAL";
  const more = differences.length - LISTED;
  return (
    <Alert
      color="orange"
      title={partial ? t`The ERP confirmed this order in part` : t`The ERP confirmed this order with changes`}
    >
      <List size="sm">
        {differences.slice(0, LISTED).map((one, index) => (
          <List.Item key={index}>{differenceText(one)}</List.Item>
        ))}
      </List>
      {more > 0 && (
        <Text size="sm">
          <Trans>
            And {plural(more, { one: "# other difference", other: "# other differences" })}; the lines show them.
          </Trans>
        </Text>
      )}
      {order.actions.includes("accept_differences") && <AcceptButton id={order.id} version={order.version} />}
    </Alert>
  );
}

function AcceptButton({ id, version }: { id: string; version: number }) {
  const about = { params: { path: { order_id: id } }, headers: ifMatch(version) };
  const accept = useAction(() => answer(api.POST("/api/v1/draft-orders/{order_id}/accept-differences", about)), {
    done: t`Accepted`,
  });
  return (
    <Button mt="xs" size="xs" loading={accept.isPending} onClick={() => accept.run(undefined)}>
      <Trans>Accept the differences</Trans>
    </Button>
  );
}

/** Who accepted what differs, for the order's facts. */
export function Accepted({ confirmed }: { confirmed: ExactConfirmed }) {
  return (
    <>
      <Trans>
        <Moment at={confirmed.accepted_at} /> by {confirmed.accepted_by}
      </Trans>
    </>
  );
}

/** What the ERP confirmed of a line; what is not as ordered is marked. */
export function ConfirmedCell({ line, confirmed, currency }: CellProps) {
  const message = confirmed.answers.get(line.line_no)?.message;
  return (
    <>
      {saidOf(line, confirmed, currency).map(({ field, text, differs }) => (
        <Text key={field} size="sm">
          {differs ? (
            <Mark color="orange">
              <VisuallyHidden>
                <Trans>Differs: </Trans>
              </VisuallyHidden>
              {text}
            </Mark>
          ) : (
            text
          )}
        </Text>
      ))}
      {message && (
        <Text size="xs" c="dimmed">
          {message}
        </Text>
      )}
    </>
  );
}

interface CellProps {
  line: ExactLine;
  confirmed: ByLine;
  currency: string | null;
}

export function DiffersBadge({ differs }: { differs: boolean }) {
  if (!differs) return null;
  return (
    <Tooltip label={t`The ERP confirmed it otherwise than it was ordered, and nobody accepted that`}>
      <Badge variant="light" color="orange" radius="sm">
        <Trans>Differs</Trans>
      </Badge>
    </Tooltip>
  );
}
