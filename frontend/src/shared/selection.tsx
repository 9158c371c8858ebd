import { Checkbox, Table } from "@mantine/core";
import { useState } from "react";

export interface Selection {
  /** Those of the list that are selected. */
  chosen: string[];
  whole: boolean;
  has: (id: string) => boolean;
  set: (id: string, on: boolean) => void;
  setAll: (on: boolean) => void;
}

/** Which of a list are selected, by id; what is not in the list any more does not count. */
export function useSelection(ids: string[]): Selection {
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const chosen = ids.filter((id) => selected.has(id));
  return {
    chosen,
    whole: chosen.length === ids.length,
    has: (id) => selected.has(id),
    set: (id, on) => setSelected(new Set(on ? [...chosen, id] : chosen.filter((each) => each !== id))),
    setAll: (on) => setSelected(new Set(on ? ids : [])),
  };
}

/** The head of the column of boxes. */
export function SelectAll({ selection, label }: { selection: Selection; label: string }) {
  const { chosen, whole, setAll } = selection;
  return (
    <Table.Th w={40}>
      <Checkbox
        aria-label={label}
        checked={whole}
        indeterminate={chosen.length > 0 && !whole}
        onChange={(event) => setAll(event.currentTarget.checked)}
      />
    </Table.Th>
  );
}

/** A row's box; there is none where it can't be selected. */
export function SelectOne({ selection, id, label }: { selection: Selection; id: string | undefined; label: string }) {
  return (
    <Table.Td>
      {id !== undefined && (
        <Checkbox
          aria-label={label}
          checked={selection.has(id)}
          onChange={(event) => selection.set(id, event.currentTarget.checked)}
        />
      )}
    </Table.Td>
  );
}
