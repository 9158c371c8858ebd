import { t } from "@lingui/core/macro";
import { Alert, Button, Code, CopyButton } from "@mantine/core";

/** A secret that cannot be had again. */
export function ShownOnce({ value }: { value: string }) {
  return (
    <Alert color="yellow" title={t`Copy it now: it is not shown again`}>
      <Code block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {value}
      </Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Button size="xs" mt="xs" onClick={copy}>
            {copied ? t`Copied` : t`Copy`}
          </Button>
        )}
      </CopyButton>
    </Alert>
  );
}
