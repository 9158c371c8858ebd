import { t } from "@lingui/core/macro";
import { TextInput, type TextInputProps } from "@mantine/core";
import { useState } from "react";
import { readTyped, typedOf } from "./typedDecimal";

interface Props extends Omit<TextInputProps, "value" | "onChange"> {
  /** Exact text, with a point. */
  value: string | null;
  onChange: (exact: string | null) => void;
}

/** A decimal that is typed in the reader's way; one that may mean two numbers keeps its form from being sent. */
export function DecimalInput({ value, onChange, error, ...input }: Props) {
  const [text, setText] = useState(typedOf(value ?? ""));
  const typed = readTyped(text);
  if (typed.exact !== (value ?? "")) setText(typedOf(value ?? ""));
  const doubt = typed.either ? t`Write ${typed.either[0]} or ${typed.either[1]}` : "";
  return (
    <TextInput
      {...input}
      inputMode="decimal"
      value={text}
      error={doubt || error}
      ref={(field) => field?.setCustomValidity(doubt)}
      onChange={(event) => {
        setText(event.currentTarget.value);
        onChange(readTyped(event.currentTarget.value).exact || null);
      }}
    />
  );
}
