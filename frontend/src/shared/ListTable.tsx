import { Card, Table, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  title?: string;
  /** The cells of the first row. */
  head: ReactNode;
  /** Pixels below which it scrolls sideways by itself. */
  minWidth?: number;
  /** The other rows. */
  children: ReactNode;
}

/** A list as a table in a card of its own. */
export function ListTable({ title, head, minWidth = 320, children }: Props) {
  return (
    <Card padding={0}>
      {title && (
        <Title order={2} size="h5" p="lg" pb="xs">
          {title}
        </Title>
      )}
      <Table.ScrollContainer minWidth={minWidth}>
        <Table horizontalSpacing={title ? "lg" : undefined}>
          <Table.Thead>
            <Table.Tr>{head}</Table.Tr>
          </Table.Thead>
          <Table.Tbody>{children}</Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}
