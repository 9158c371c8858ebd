import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Anchor, Card, Group, Modal, Select, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api, type Schemas } from "../api/client";
import { Answered } from "../shared/Answered";
import { Copy } from "../shared/Copied";
import { Moment } from "../shared/Moment";
import { differences } from "../shared/versions/differences";
import { Fields } from "./Fields";

type Summary = Schemas["RevisionSummary"];

/** What was approved of an order, each time: newest first. */
export function Revisions({ orderId, revisions }: { orderId: string; revisions: Summary[] }) {
  const [opened, setOpened] = useState<number>();
  if (revisions.length < 2) return null;
  return (
    <Card component="section" aria-label={t`Revisions`}>
      <Title order={2} size="h5" mb="sm">
        <Trans>Revisions</Trans>
      </Title>
      <Table verticalSpacing={4}>
        <Table.Tbody>
          {revisions.toReversed().map(({ revision, made_at, made_by, sha256, forgotten }) => (
            <Table.Tr key={revision}>
              <Table.Td>
                {forgotten ? (
                  <Text size="sm">
                    <Trans>Revision {revision}, erased on request</Trans>
                  </Text>
                ) : (
                  <Anchor component="button" type="button" size="sm" onClick={() => setOpened(revision)}>
                    <Trans>Revision {revision}</Trans>
                  </Anchor>
                )}
              </Table.Td>
              <Table.Td>
                <Text size="sm">
                  <Moment at={made_at} /> {made_by && t`by ${made_by}`}
                </Text>
              </Table.Td>
              <Table.Td>
                <Group gap={4} wrap="nowrap">
                  <span className="mono" title={sha256}>
                    {sha256.slice(0, 8)}
                  </span>
                  <Copy value={sha256} what={t`the SHA-256 of revision ${revision}`} />
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {opened && (
        <Compared orderId={orderId} revisions={revisions} shown={opened} onClose={() => setOpened(undefined)} />
      )}
    </Card>
  );
}

interface ComparedProps {
  orderId: string;
  revisions: Summary[];
  shown: number;
  onClose: () => void;
}

/** What one revision says otherwise than another. */
function Compared({ orderId, revisions, shown, onClose }: ComparedProps) {
  const others = revisions.filter(({ revision, forgotten }) => revision !== shown && !forgotten);
  const [other, setOther] = useState(() => others.findLast(({ revision }) => revision < shown) ?? others[0]);
  const after = useRevision(orderId, shown);
  const before = useRevision(orderId, other?.revision ?? shown);
  return (
    <Modal opened onClose={onClose} title={t`Revision ${shown}`} size="lg">
      <Stack>
        <Select
          label={t`Compared with`}
          data={others.map(({ revision }) => ({ value: String(revision), label: t`Revision ${revision}` }))}
          value={other ? String(other.revision) : null}
          allowDeselect={false}
          onChange={(value) => setOther(others.find(({ revision }) => String(revision) === value))}
        />
        <Answered query={before}>
          {(old) => <Answered query={after}>{(now) => <Changes before={old.order} after={now.order} />}</Answered>}
        </Answered>
      </Stack>
    </Modal>
  );
}

function Changes({ before, after }: { before: Whole; after: Whole }) {
  const found = differences({}, before ?? {}, after ?? {});
  if (found.length === 0)
    return (
      <Text size="sm">
        <Trans>Both say the same.</Trans>
      </Text>
    );
  return (
    <div>
      <Fields changes={found.map(({ path, theirs, yours }) => ({ path, before: theirs, after: yours }))} />
    </div>
  );
}

type Whole = Schemas["WholeRevision"]["order"];

function useRevision(order_id: string, revision: number) {
  return useQuery({
    queryKey: ["revision", order_id, revision],
    queryFn: () =>
      answer(
        api.GET("/api/v1/draft-orders/{order_id}/revisions/{revision}", { params: { path: { order_id, revision } } }),
      ),
    staleTime: Infinity,
  });
}
