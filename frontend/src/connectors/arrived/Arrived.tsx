import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Badge, Button, Group, Table, Text } from "@mantine/core";
import { answer, api, type Schemas } from "../../api/client";
import { useAction, useArrived } from "../../api/queries";
import { Answered } from "../../shared/Answered";
import { confirm } from "../../shared/confirm";
import { ListTable } from "../../shared/ListTable";
import { Moment } from "../../shared/Moment";

type Item = Schemas["InboundAnswer"];

/** The last answers that the ERP sent itself, and what became of each. */
export function Arrived({ connector_id }: { connector_id: string }) {
  const arrived = useArrived(connector_id);
  return (
    <Answered query={arrived}>
      {({ items }) =>
        items.length === 0 ? (
          <Text c="dimmed" size="sm">
            <Trans>Nothing has come yet.</Trans>
          </Text>
        ) : (
          <ListTable head={<Head />} minWidth={420}>
            {items.map((item) => (
              <Row key={item.id} item={item} connector_id={connector_id} />
            ))}
          </ListTable>
        )
      }
    </Answered>
  );
}

function Head() {
  return (
    <>
      <Table.Th>
        <Trans>Came</Trans>
      </Table.Th>
      <Table.Th>
        <Trans>Became of it</Trans>
      </Table.Th>
      <Table.Th ta="right">
        <Trans>Actions</Trans>
      </Table.Th>
    </>
  );
}

const OPEN = ["unmatched", "unreadable", "misfit"];

function Row({ item, connector_id }: { item: Item; connector_id: string }) {
  const open = OPEN.includes(item.verdict ?? "") && !item.put_aside;
  return (
    <Table.Tr>
      <Table.Td>
        <Moment at={item.received_at} />
        <Text size="xs" c="dimmed" className="mono">
          {item.name || item.message_id}
        </Text>
      </Table.Td>
      <Table.Td>
        <Badge variant="light" color={open ? "red" : "gray"}>
          {item.put_aside ? t`put aside` : (item.verdict ?? t`not read yet`)}
        </Badge>
        {item.told && <Text size="xs">{item.told}</Text>}
        {item.beginning && (
          <Text size="xs" c="dimmed" className="mono" lineClamp={2}>
            {item.beginning}
          </Text>
        )}
      </Table.Td>
      <Table.Td>{open && <Actions item={item} connector_id={connector_id} />}</Table.Td>
    </Table.Tr>
  );
}

function Actions({ item, connector_id }: { item: Item; connector_id: string }) {
  const params = { path: { connector_id, answer_id: item.id } };
  const again = useAction(() =>
    answer(api.POST("/api/v1/connectors/{connector_id}/answers/{answer_id}/read-again", { params })),
  );
  const aside = useAction(
    () => answer(api.DELETE("/api/v1/connectors/{connector_id}/answers/{answer_id}", { params })),
    { done: t`It is put aside` },
  );
  return (
    <Group gap={4} justify="flex-end" wrap="nowrap">
      <Button size="xs" variant="default" loading={again.isPending} onClick={() => again.run(undefined)}>
        <Trans>Read again</Trans>
      </Button>
      <Button
        size="xs"
        variant="subtle"
        color="red"
        loading={aside.isPending}
        onClick={() => confirm(t`Put it aside?`, GONE, t`Put aside`, () => aside.run(undefined))}
      >
        <Trans>Put aside</Trans>
      </Button>
    </Group>
  );
}

const GONE = t`It is told no more, and what it says is deleted.`;
