import { Table } from "@mantine/core";
import type { MouseEvent, ReactNode } from "react";
import { useNavigate } from "react-router";

interface Props {
  /** Where a click on it leads, or what it does. The keyboard goes by a link or button within. */
  opens: string | (() => void);
  bg?: string | undefined;
  children: ReactNode;
}

/** A row of a list that opens wherever it is clicked. */
export function OpeningRow({ opens, bg, children }: Props) {
  const navigate = useNavigate();
  const open = (event: MouseEvent) => {
    if (!meansTheRow(event)) return;
    if (typeof opens === "string") void navigate(opens);
    else opens();
  };
  return (
    <Table.Tr bg={bg} className="opens" onClick={open}>
      {children}
    </Table.Tr>
  );
}

/** Whether a click means the row: not what stands in it, a dialog that it opened, or the end of marking text. */
function meansTheRow({ target, currentTarget }: MouseEvent): boolean {
  const clicked = target as Element;
  const within = currentTarget.contains(clicked) && !clicked.closest("a, button, input, label");
  return within && !getSelection()?.toString();
}
