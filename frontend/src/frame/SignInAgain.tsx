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
      title="Sign in again"
    >
      <Stack>
        <Text size="sm">
          Your session has ended. What you have typed is still here, and what you were saving is saved once you are in.
        </Text>
        <SignInForm email={email} />
        <Button variant="subtle" color="gray" loading={leave.isPending} onClick={() => leave.run(undefined)}>
          Leave, and sign in as somebody else
        </Button>
      </Stack>
    </Modal>
  );
}
