import { Trans } from "@lingui/react/macro";
import { Alert, Code, List, Text } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ApiError } from "../api/client";

interface Props {
  error: Error;
  /** The API's names of fields in the words of the form. */
  label?: (field: string) => string;
  /** A sentence of the API in the words of the form. */
  words?: (sentence: string) => string;
  children?: ReactNode;
}

const asItIs = (text: string) => text;

/** An error in the API's words: what is wrong, where, and what to do. */
export function ErrorAlert({ error, label = asItIs, words = asItIs, children }: Props) {
  const known = error instanceof ApiError ? error : null;
  return (
    <Alert
      color="red"
      icon={<IconAlertCircle size={18} />}
      title={words(known?.headline ?? error.message)}
      role="alert"
    >
      {known?.hint && <Text size="sm">{words(known.hint)}</Text>}
      {known && known.fields.length > 0 && (
        <List size="sm" mt={4}>
          {known.fields.map(({ field, message }) => (
            <List.Item key={`${field} ${message}`}>
              <b>{label(field)}</b>: {words(message)}
            </List.Item>
          ))}
        </List>
      )}
      {children}
      {known?.requestId && (
        <Text size="xs" c="dimmed" mt={6}>
          <Trans>
            <Code>{known.reason}</Code> request {known.requestId}
          </Trans>
        </Text>
      )}
    </Alert>
  );
}

interface ProblemProps {
  problem: ProblemLike;
  title?: ReactNode;
  color?: string;
  children?: ReactNode;
}

interface ProblemLike {
  code?: string | null;
  message?: string | null;
  hint?: string | null;
}

/** What the API tells about something that does not go on by itself. */
export function ProblemAlert({ problem, title, color = "red", children }: ProblemProps) {
  return (
    <Alert color={color} icon={<IconAlertCircle size={18} />} title={title ?? problem.message ?? problem.code}>
      {title && problem.message && <Text size="sm">{problem.message}</Text>}
      {problem.hint && (
        <Text size="sm" c="dimmed">
          {problem.hint}
        </Text>
      )}
      {children}
      {problem.code && <Code mt={4}>{problem.code}</Code>}
    </Alert>
  );
}
