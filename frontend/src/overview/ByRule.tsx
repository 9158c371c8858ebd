import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Anchor, Table } from "@mantine/core";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { count } from "../shared/format";
import { ListTable } from "../shared/ListTable";

/** What each routing rule sent in the period. */
export function ByRule({ rules }: { rules: Schemas["ByRule"][] }) {
  return (
    <ListTable
      title={t`By routing rule`}
      head={
        <>
          <Table.Th>
            <Trans>Rule</Trans>
          </Table.Th>
          <Table.Th ta="right">
            <Trans>Pushed</Trans>
          </Table.Th>
          <Table.Th ta="right">
            <Trans>Waiting</Trans>
          </Table.Th>
          <Table.Th ta="right">
            <Trans>Failed</Trans>
          </Table.Th>
        </>
      }
    >
      {rules.map(({ rule, requested, waiting, failed }) => (
        <Table.Tr key={rule}>
          <Table.Td>
            {rule === null ? (
              t`To the default connector`
            ) : (
              <Anchor component={Link} to={`/deliveries?route=${encodeURIComponent(rule)}`}>
                {rule}
              </Anchor>
            )}
          </Table.Td>
          <Table.Td ta="right" className="numeric">
            {count(requested)}
          </Table.Td>
          <Table.Td ta="right" className="numeric">
            {count(waiting)}
          </Table.Td>
          <Table.Td ta="right" className="numeric">
            {count(failed)}
          </Table.Td>
        </Table.Tr>
      ))}
    </ListTable>
  );
}
