import { Button, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState, type SyntheticEvent } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useConnectors, useMay } from "../api/queries";
import { confirm } from "../shared/confirm";
import { ifMatch } from "../shared/versions/useSaving";
import { PushDialog } from "./PushDialog";

interface Props {
  id: string;
  status: Schemas["OrderStatus"];
  name: string;
  /** Which one is looked at; where it is not known, whatever is stored. */
  version?: number;
  size?: string;
}

/** Decide about the version that is looked at, not about one that came meanwhile. */
function about({ id, version }: Pick<Props, "id" | "version">) {
  return { params: { path: { order_id: id } }, headers: version === undefined ? {} : ifMatch(version) };
}

/** One key for one intention: the same click that reaches the API twice gives the same export. */
function newKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

export function ApproveButton({ size, ...order }: Props) {
  const approve = useAction(() => answer(api.POST("/api/v1/draft-orders/{order_id}/approve", about(order))), {
    done: "Approved",
  });
  return (
    <Button size={size} loading={approve.isPending} onClick={() => approve.run(undefined)}>
      Approve
    </Button>
  );
}

/** Push, or push again after an error; where there are several connectors, it shows where to and asks. */
export function PushButton({ id, status, size, former }: Props & { former?: string }) {
  const action = status === "ERROR" ? "retry" : "push";
  const label = action === "retry" ? "Retry" : "Push";
  const [opened, { open, close }] = useDisclosure();
  const active = useConnectors().data?.filter((connector) => connector.status === "ACTIVE");
  const push = useAction((connection_id: string | undefined) => ask(id, action, connection_id), {
    done: "On its way",
    onDone: close,
  });
  return (
    <>
      <Button
        size={size}
        loading={push.isPending}
        disabled={!active} // until it is known whether to ask
        onClick={active && active.length > 1 ? open : () => push.run(undefined)}
      >
        {label}
      </Button>
      {opened && active && (
        <PushDialog
          what={{ action, ids: [id] }}
          label={label}
          title={`${label} to which connector?`}
          connectors={active}
          preferred={former}
          pending={push.isPending}
          onPush={push.run}
          onClose={close}
        />
      )}
    </>
  );
}

function ask(order_id: string, action: "push" | "retry", connection_id?: string) {
  const header = { "Idempotency-Key": newKey() };
  const options = { params: { path: { order_id }, header }, body: connection_id ? { connection_id } : {} };
  if (action === "retry") return answer(api.POST("/api/v1/draft-orders/{order_id}/retry-push", options));
  return answer(api.POST("/api/v1/draft-orders/{order_id}/push", options));
}

export function WithdrawButton({ id, size, name }: Props) {
  const withdraw = useAction(
    () => answer(api.POST("/api/v1/draft-orders/{order_id}/withdraw", { params: { path: { order_id: id } } })),
    { done: "Withdrawn; the order is APPROVED again" },
  );
  const sure = () =>
    confirm(
      `Withdraw ${name}?`,
      "It is not delivered, and becomes APPROVED again. This works while no attempt has begun.",
      "Withdraw",
      () => withdraw.run(undefined),
    );
  return (
    <Button size={size} variant="default" loading={withdraw.isPending} onClick={sure}>
      Withdraw
    </Button>
  );
}

export function RejectButton({ size, name, ...order }: Props) {
  const reject = useAction(
    (reason: string) =>
      answer(
        api.POST("/api/v1/draft-orders/{order_id}/reject", {
          ...about(order),
          body: { reason: reason || null },
        }),
      ),
    { done: "Rejected" },
  );
  return (
    <Asking
      label="Reject"
      title={`Reject ${name}?`}
      about="A rejected order can never be pushed. Its history stays."
      field="Reason (for the record)"
      color="red.9"
      size={size}
      pending={reject.isPending}
      onGiven={reject.run}
    />
  );
}

export function ConfirmButton({ size, name, ...order }: Props) {
  const settle = useAction(
    (erp_order_id: string) =>
      answer(
        api.POST("/api/v1/draft-orders/{order_id}/confirm", {
          ...about(order),
          body: { erp_order_id },
        }),
      ),
    { done: "Confirmed" },
  );
  return (
    <Asking
      label="Confirm by hand"
      title={`Confirm ${name}`}
      about="For an ERP that never answers: look up the number that the order has there."
      field="Number in the ERP"
      required
      size={size}
      pending={settle.isPending}
      onGiven={settle.run}
    />
  );
}

interface AskingProps {
  label: string;
  title: string;
  about: string;
  field: string;
  required?: boolean;
  color?: string;
  size?: string;
  pending: boolean;
  onGiven: (text: string) => void;
}

function Asking({ label, title, about, field, required, color, size, pending, onGiven }: AskingProps) {
  const [opened, { open, close }] = useDisclosure();
  const [text, setText] = useState("");
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    close();
    onGiven(text.trim());
  };
  return (
    <>
      <Button size={size} variant="default" loading={pending} onClick={open}>
        {label}
      </Button>
      <Modal opened={opened} onClose={close} title={title}>
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
    </>
  );
}

/** After a look into the ERP: the delivery is there, or it is to be sent again. */
export function ResolveButtons({ exportId, size }: { exportId: string; size?: string }) {
  const resolve = useAction(
    (as: "delivered" | "send_again") =>
      answer(
        api.POST("/api/v1/exports/{export_id}/resolve", { params: { path: { export_id: exportId } }, body: { as } }),
      ),
    { done: "Settled" },
  );
  const again = () =>
    confirm(
      "Send it again?",
      "If the ERP has the order after all, it will be there twice. Look into the ERP first.",
      "Send again",
      () => resolve.run("send_again"),
    );
  const there = () =>
    confirm("Is it in the ERP?", "It then counts as delivered, and the ERP's answer is awaited.", "It is there", () =>
      resolve.run("delivered"),
    );
  return (
    <>
      <Button size={size} variant="default" loading={resolve.isPending} onClick={there}>
        The ERP has it
      </Button>
      <Button size={size} variant="default" loading={resolve.isPending} onClick={again}>
        Send again
      </Button>
    </>
  );
}

/** What may follow for an order in its present state, as far as the signed-in role may do it. */
export function OrderActions({ latest, ...order }: Props & { latest?: Schemas["Export"] | null }) {
  const may = useMay();
  const { status } = order;
  const held = latest?.waits_for === "DECISION";
  return (
    <>
      {status === "READY" && may("ORDERS_APPROVE") && <ApproveButton {...order} />}
      {(status === "APPROVED" || status === "ERROR") && may("ORDERS_PUSH") && (
        <PushButton {...order} former={latest?.connection_id} />
      )}
      {status === "PUSHING" && may("ORDERS_PUSH") && !held && <WithdrawButton {...order} />}
      {status === "PUSHED" && may("ORDERS_PUSH") && <ConfirmButton {...order} />}
      {REJECTABLE.has(status) && may("ORDERS_EDIT") && <RejectButton {...order} />}
    </>
  );
}

const REJECTABLE = new Set(["NEW", "NEEDS_REVIEW", "READY", "APPROVED", "ERROR"]);
