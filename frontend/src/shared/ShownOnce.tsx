import { t } from "@lingui/core/macro";
import { Alert, Button, Code, CopyButton } from "@mantine/core";
import { useEffect, useRef } from "react";

/** A secret that cannot be had again. Where the form that asked for it is gone, the focus comes here, not nowhere. */
export function ShownOnce({ value }: { value: string }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (document.activeElement === document.body) button.current?.focus();
  }, []);
  return (
    <Alert color="yellow" title={t`Copy it now: it is not shown again`}>
      <Code block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {value}
      </Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Button ref={button} size="xs" mt="xs" onClick={copy}>
            {copied ? t`Copied` : t`Copy`}
          </Button>
        )}
      </CopyButton>
    </Alert>
  );
}
