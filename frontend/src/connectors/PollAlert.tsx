import { plural, t } from "@lingui/core/macro";
import { Anchor, Text } from "@mantine/core";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { ProblemAlert } from "../shared/ErrorAlert";

import { unreadOf } from "./unread";

/** What keeps a connector from reading the ERP's answers, or what it read and did not understand. */
export function PollAlert({ connector: { id, health } }: { connector: { id: string; health: Schemas["Health"] } }) {
  const { poll_error } = health;
  if (!poll_error) return null;
  const { unreadable, unmatched } = unreadOf(poll_error);
  if (!unreadable && !unmatched)
    return <ProblemAlert problem={poll_error} title={t`The ERP's answers cannot be read`} />;
  const counts = [
    unreadable && plural(unreadable, { one: "# answer cannot be read", other: "# answers cannot be read" }),
    unmatched && plural(unmatched, { one: "# answer belongs to no order", other: "# answers belong to no order" }),
  ];
  return (
    <ProblemAlert problem={poll_error} title={counts.filter(Boolean).join(", ")} color="orange">
      {unreadable > 0 && (
        <Text size="sm" mt={4}>
          <Anchor component={Link} to={`/orders?unreadable_answer=true&connection_id=${id}`}>
            {unreadable === 1 ? t`Show the order` : t`Show the orders`}
          </Anchor>
        </Text>
      )}
    </ProblemAlert>
  );
}
