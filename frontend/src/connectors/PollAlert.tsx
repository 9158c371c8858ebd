import { Anchor, Text } from "@mantine/core";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { ProblemAlert } from "../shared/ErrorAlert";
import { plural } from "../shared/format";
import { unreadOf } from "./unread";

/** What keeps a connector from reading the ERP's answers, or what it read and did not understand. */
export function PollAlert({ connector: { id, health } }: { connector: { id: string; health: Schemas["Health"] } }) {
  const { poll_error } = health;
  if (!poll_error) return null;
  const { unreadable, unmatched } = unreadOf(poll_error);
  if (!unreadable && !unmatched) return <ProblemAlert problem={poll_error} title="The ERP's answers cannot be read" />;
  const counts = [
    unreadable && `${plural(unreadable, "answer")} cannot be read`,
    unmatched && `${plural(unmatched, "answer belongs", "answers belong")} to no order`,
  ];
  return (
    <ProblemAlert problem={poll_error} title={counts.filter(Boolean).join(", ")} color="orange">
      {unreadable > 0 && (
        <Text size="sm" mt={4}>
          <Anchor component={Link} to={`/orders?unreadable_answer=true&connection_id=${id}`}>
            Show the {unreadable === 1 ? "order" : "orders"}
          </Anchor>
        </Text>
      )}
    </ProblemAlert>
  );
}
