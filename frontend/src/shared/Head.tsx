import { Table, type TableThProps } from "@mantine/core";

/** A column's title, and how it stands: aligned, or only on screens that are wide enough. */
export type Column = [title: string, how?: TableThProps];

/** The first row of a list. */
export function Head({ columns }: { columns: Column[] }) {
  return columns.map(([title, how]) => (
    <Table.Th key={title} {...how}>
      {title}
    </Table.Th>
  ));
}
