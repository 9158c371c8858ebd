import { Button, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";

export interface AskTextProps {
  opened: boolean;
  label: string;
  title: string;
  about: string;
  field: string;
  required?: boolean;
  color?: string;
  onGiven: (text: string) => void;
  onClose: () => void;
}

/** Ask for a word before something is done. */
export function AskText({ opened, label, title, about, field, required, color, onGiven, onClose }: AskTextProps) {
  const [text, setText] = useState("");
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    onClose();
    setText("");
    onGiven(text.trim());
  };
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <Stack component="form" onSubmit={submit}>
        <Text size="sm">{about}</Text>
        <TextInput
          label={field}
          required={required}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          data-autofocus
        />
        <Button type="submit" color={color}>
          {label}
        </Button>
      </Stack>
    </Modal>
  );
}
