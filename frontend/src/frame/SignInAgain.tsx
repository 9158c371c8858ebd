import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Modal, Stack, Text } from "@mantine/core";
import { useAction } from "../api/queries";
import { signOut } from "../api/signIn";
import { SignInForm } from "./SignInForm";

/** Over what was typed: the session ended, and what was under way goes on once somebody has signed in again. */
export function SignInAgain({ email }: { email: string }) {
  const leave = useAction(signOut, { onDone: () => location.reload() });
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      zIndex={1000}
      title={t`Sign in again`}
    >
      <Stack>
        <Text size="sm">
          <Trans>
            Your session has ended. What you have typed is still here, and what you were saving is saved once you are
            in.
          </Trans>
        </Text>
        <SignInForm email={email} />
        <Button variant="subtle" color="gray" loading={leave.isPending} onClick={() => leave.run(undefined)}>
          <Trans>Leave, and sign in as somebody else</Trans>
        </Button>
      </Stack>
    </Modal>
  );
}
