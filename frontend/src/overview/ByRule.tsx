import { t } from "@lingui/core/macro";
import { Anchor, Table } from "@mantine/core";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { count } from "../shared/format";
import { Head, type Column } from "../shared/Head";
import { ListTable } from "../shared/ListTable";

const COLUMNS: Column[] = [
  [t`Rule`],
  ...[t`Pushed`, t`Waiting`, t`Failed`].map((title): Column => [title, { ta: "right" }]),
];

/** What each routing rule sent in the period. */
export function ByRule({ rules }: { rules: Schemas["ByRule"][] }) {
  return (
    <ListTable title={t`By routing rule`} head={<Head columns={COLUMNS} />}>
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
