import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Modal, Select, Stack, Textarea } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import type { Schemas } from "../api/client";
import { usePeople } from "../api/queries";

type Change = Pick<Schemas["NeedChange"], "assigned_to" | "note">;

interface Props {
  title: string;
  mark: Schemas["NeedMark"] | null;
  onGiven: (change: Change) => void;
  onClose: () => void;
}

/** Who takes care of something, and what others should know about it; only what was changed is saved. */
export function NoteDialog({ title, mark, onGiven, onClose }: Props) {
  const people = usePeople();
  const [who, setWho] = useState(mark?.assigned_to ?? null);
  const [note, setNote] = useState(mark?.note ?? "");
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const change: Change = {};
    if (who !== (mark?.assigned_to ?? null)) change.assigned_to = who;
    if (note.trim() !== (mark?.note ?? "")) change.note = note.trim() || null;
    if (Object.keys(change).length > 0) onGiven(change);
    else onClose();
  };
  return (
    <Modal opened onClose={onClose} title={title}>
      <Stack component="form" onSubmit={submit}>
        <Select
          label={t`Who takes care of it`}
          data={people.data?.items ?? []}
          value={who}
          onChange={setWho}
          clearable
          searchable
          clearButtonProps={{ "aria-label": t`Nobody` }}
        />
        <Textarea
          label={t`Note`}
          maxLength={1000}
          autosize
          minRows={2}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
          data-autofocus
        />
        <Button type="submit">
          <Trans>Save</Trans>
        </Button>
      </Stack>
    </Modal>
  );
}
