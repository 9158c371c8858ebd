import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useReducer } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useConnectors, useMay } from "../api/queries";
import { AskText, type AskTextProps } from "../shared/AskText";
import { confirm } from "../shared/confirm";
import { ifMatch } from "../shared/versions/useSaving";
import { lookedAnew, seenDoubt } from "./doubt";
import { PushDialog, type Way } from "./PushDialog";

type Action = Schemas["OrderAction"];

interface Props {
  id: string;
  name: string;
  /** Which one is looked at; where it is not known, whatever is stored. */
  version?: number;
  size?: string;
}

/** Decide about the version that is looked at, not about one that came meanwhile. */
export function about({ id, version }: Pick<Props, "id" | "version">) {
  return { params: { path: { order_id: id } }, headers: version === undefined ? {} : ifMatch(version) };
}

/** One key for one intention: the same click that reaches the API twice gives the same export. */
function newKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

export function ApproveButton({ size, ...order }: Props) {
  const approve = useAction(() => answer(api.POST("/api/v1/draft-orders/{order_id}/approve", about(order))), {
    done: t`Approved`,
  });
  return (
    <Button size={size} loading={approve.isPending} onClick={() => approve.run(undefined)}>
      <Trans>Approve</Trans>
    </Button>
  );
}

/** Push, or push again after an error; where there are several connectors, it shows where to and asks. */
export function PushButton({ id, action, size, former }: Props & { action: "push" | "retry"; former?: string }) {
  const label = action === "retry" ? t`Retry` : t`Push`;
  const [opened, { open, close }] = useDisclosure();
  const active = useConnectors().data?.filter((connector) => connector.status === "ACTIVE");
  const push = useAction((way: Way) => ask(id, action, way), { done: t`On its way`, onDone: close });
  return (
    <>
      <Button
        size={size}
        data-key="r"
        loading={push.isPending}
        disabled={!active} // until it is known whether to ask
        onClick={active && active.length > 1 ? open : () => push.run({})}
      >
        {label}
      </Button>
      {active?.length === 1 && (
        <Button size={size} variant="default" disabled={push.isPending} onClick={open}>
          <Trans>Later…</Trans>
        </Button>
      )}
      {opened && active && (
        <PushDialog
          what={{ action, ids: [id] }}
          label={label}
          title={active.length > 1 ? t`${label} to which connector?` : t`${label}: when?`}
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

export function ask(order_id: string, action: "push" | "retry", body: Way) {
  const header = { "Idempotency-Key": newKey() };
  const options = { params: { path: { order_id }, header }, body };
  if (action === "retry") return answer(api.POST("/api/v1/draft-orders/{order_id}/retry-push", options));
  return answer(api.POST("/api/v1/draft-orders/{order_id}/push", options));
}

export function WithdrawButton({ id, size, name }: Props) {
  const withdraw = useAction(
    () => answer(api.POST("/api/v1/draft-orders/{order_id}/withdraw", { params: { path: { order_id: id } } })),
    { done: t`Withdrawn; the order is APPROVED again` },
  );
  const sure = () =>
    confirm(
      t`Withdraw ${name}?`,
      t`It is not delivered, and becomes APPROVED again. This works while no attempt has begun.`,
      t`Withdraw`,
      () => withdraw.run(undefined),
    );
  return (
    <Button size={size} variant="default" loading={withdraw.isPending} onClick={sure}>
      <Trans>Withdraw</Trans>
    </Button>
  );
}

/** What is asked of who puts orders on hold. */
export const REASON = t`Reason, which everybody sees`;

export function HoldButton({ id, size, name }: Props) {
  const hold = useAction(
    (reason: string) =>
      answer(
        api.POST("/api/v1/draft-orders/{order_id}/holds", { params: { path: { order_id: id } }, body: { reason } }),
      ),
    { done: t`On hold` },
  );
  return (
    <Asking
      label={t`Hold`}
      title={t`Put ${name} on hold?`}
      about={t`It is not delivered until you, or an ADMIN, release it. An attempt that has begun is not interrupted.`}
      field={REASON}
      required
      size={size}
      pending={hold.isPending}
      onGiven={hold.run}
    />
  );
}

export function RecallButton({ size, name, ...order }: Props) {
  const recall = useAction(
    (reason: string) =>
      answer(api.POST("/api/v1/draft-orders/{order_id}/recall", { ...about(order), body: { reason } })),
    { done: t`The ERP is asked` },
  );
  return (
    <Asking
      label={t`Recall`}
      title={t`Recall ${name}?`}
      about={t`The ERP is asked to give the order back. It may refuse, and says so here.`}
      field={t`Reason, which the ERP is told`}
      required
      color="red.9"
      size={size}
      pending={recall.isPending}
      onGiven={recall.run}
    />
  );
}

/** What only people know: how it ended in the ERP. */
export function RecallEndButtons({ actions, size, name, ...order }: Props & { actions: Action[] }) {
  const gone = useAction(() => answer(api.POST("/api/v1/draft-orders/{order_id}/recall/confirm", about(order))), {
    done: t`Recalled`,
  });
  const kept = useAction(() => answer(api.POST("/api/v1/draft-orders/{order_id}/recall/end", about(order))), {
    done: t`The recall has ended`,
  });
  return (
    <>
      {actions.includes("confirm_recall") && (
        <Button
          size={size}
          variant="default"
          loading={gone.isPending}
          onClick={() =>
            confirm(
              t`Is ${name} cancelled in the ERP?`,
              t`It then counts as recalled for good, and may be entered anew. Look into the ERP first.`,
              t`It is cancelled`,
              () => gone.run(undefined),
            )
          }
        >
          <Trans>Cancelled in the ERP</Trans>
        </Button>
      )}
      {actions.includes("end_recall") && (
        <Button
          size={size}
          variant="default"
          loading={kept.isPending}
          onClick={() =>
            confirm(
              t`Does the ERP keep ${name}?`,
              t`Nobody asks for it any more. If the ERP gives it back after all, the order says so.`,
              t`It keeps it`,
              () => kept.run(undefined),
            )
          }
        >
          <Trans>The ERP keeps it</Trans>
        </Button>
      )}
    </>
  );
}

/** Of an order that was changed after it was sent: back to what the ERP has, or what its people made of it. */
export function ChangeButtons({ actions, size, name, ...order }: Props & { actions: Action[] }) {
  const discard = useAction(() => answer(api.POST("/api/v1/draft-orders/{order_id}/change/discard", about(order))), {
    done: t`It says again what the ERP has`,
  });
  const made = useAction(() => answer(api.POST("/api/v1/draft-orders/{order_id}/change/confirm", about(order))), {
    done: t`The change is confirmed`,
  });
  return (
    <>
      {actions.includes("confirm_change") && (
        <Button
          size={size}
          variant="default"
          loading={made.isPending}
          onClick={() =>
            confirm(
              t`Is ${name} changed in the ERP?`,
              t`It then counts as confirmed as it is here. Look into the ERP first.`,
              t`It is changed`,
              () => made.run(undefined),
            )
          }
        >
          <Trans>Changed in the ERP</Trans>
        </Button>
      )}
      {actions.includes("discard_change") && (
        <Button
          size={size}
          variant="default"
          loading={discard.isPending}
          onClick={() =>
            confirm(
              t`Discard the change of ${name}?`,
              t`The order says again what the ERP has. What it says now stays in its history.`,
              t`Discard`,
              () => discard.run(undefined),
            )
          }
        >
          <Trans>Discard the change</Trans>
        </Button>
      )}
    </>
  );
}

export function ReleaseButton({ id, size }: Props) {
  const release = useAction(
    () => answer(api.DELETE("/api/v1/draft-orders/{order_id}/holds", { params: { path: { order_id: id } } })),
    { done: t`Released` },
  );
  return (
    <Button size={size} variant="default" loading={release.isPending} onClick={() => release.run(undefined)}>
      <Trans>Release</Trans>
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
    { done: t`Rejected` },
  );
  return (
    <Asking
      label={t`Reject`}
      title={t`Reject ${name}?`}
      about={t`A rejected order can never be pushed. Its history stays.`}
      field={t`Reason (for the record)`}
      color="red.9"
      size={size}
      pending={reject.isPending}
      onGiven={reject.run}
    />
  );
}

/** Of an order that has ended: names, addresses and notes go for good, for who may erase them. */
export function EraseButton({ id, size, name }: Props) {
  const may = useMay();
  const erase = useAction(
    () => answer(api.POST("/api/v1/draft-orders/{order_id}/forget", { params: { path: { order_id: id } } })),
    { done: t`Personal data erased` },
  );
  const sure = () =>
    confirm(
      t`Erase the personal data of ${name}?`,
      t`Names, addresses, notes, revisions, logs, documents and receipts are deleted for good. Lines, quantities, prices and numbers stay. What was delivered is in the ERP, and has to be erased there.`,
      t`Erase for good`,
      () => erase.run(undefined),
    );
  if (!may("DATA_ERASE")) return null;
  return (
    <Button size={size} variant="default" loading={erase.isPending} onClick={sure}>
      <Trans>Erase personal data</Trans>
    </Button>
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
    { done: t`Confirmed` },
  );
  return (
    <Asking
      label={t`Confirm by hand`}
      title={t`Confirm ${name}`}
      about={t`For an ERP that never answers: look up the number that the order has there.`}
      field={t`Number in the ERP`}
      required
      size={size}
      pending={settle.isPending}
      onGiven={settle.run}
    />
  );
}

interface AskingProps extends Omit<AskTextProps, "opened" | "onClose"> {
  size?: string;
  pending: boolean;
}

function Asking({ size, pending, ...asked }: AskingProps) {
  const [opened, { open, close }] = useDisclosure();
  return (
    <>
      <Button size={size} variant="default" loading={pending} onClick={open}>
        {asked.label}
      </Button>
      <AskText {...asked} opened={opened} onClose={close} />
    </>
  );
}

const RESOLUTIONS: Record<
  Schemas["Resolution"]["as"],
  { action: Action; label: string; title: string; what: string; sure: string }
> = {
  delivered: {
    action: "resolve_delivered",
    label: t`The ERP has it`,
    title: t`Is it in the ERP?`,
    what: t`It then counts as delivered, and the ERP's answer is awaited.`,
    sure: t`It is there`,
  },
  not_delivered: {
    action: "resolve_not_delivered",
    label: t`The ERP does not have it`,
    title: t`Is it not in the ERP?`,
    what: t`The delivery ends, and the order can be corrected or pushed anew. If the ERP has it after all, it will be there twice.`,
    sure: t`It is not there`,
  },
  send_again: {
    action: "resolve_send_again",
    label: t`Send again`,
    title: t`Send it again?`,
    what: t`If the ERP has the order after all, it will be there twice. Look into the ERP first.`,
    sure: t`Send again`,
  },
};

interface InDoubt {
  delivery: Pick<Schemas["Export"], "id" | "perhaps_sent_at">;
  actions: Action[];
  size?: string;
}

/** After a look into the ERP: how the delivery in doubt had ended, as it was when the person saw it first. */
export function ResolveButtons({ delivery, actions, size }: InDoubt) {
  const export_id = delivery.id;
  const { seen: perhaps_sent_at, anew } = seenDoubt(delivery);
  const [, showAnew] = useReducer((times: number) => times + 1, 0);
  const resolve = useAction(
    (said: { as: Schemas["Resolution"]["as"]; perhaps_sent_at: string | null }) =>
      answer(api.POST("/api/v1/exports/{export_id}/resolve", { params: { path: { export_id } }, body: said })),
    { done: t`Settled` },
  );
  const offered = (Object.keys(RESOLUTIONS) as Schemas["Resolution"]["as"][]).filter((as) =>
    actions.includes(RESOLUTIONS[as].action),
  );
  if (anew && offered.length > 0) {
    const look = () => {
      lookedAnew(export_id);
      showAnew();
    };
    return (
      <>
        <Text size="sm" role="status">
          <Trans>It was perhaps sent again since you saw it here first. Look into the ERP once more.</Trans>
        </Text>
        <Button size={size} variant="default" onClick={look}>
          <Trans>I have looked once more</Trans>
        </Button>
      </>
    );
  }
  return offered.map((as) => {
    const { label, title, what, sure } = RESOLUTIONS[as];
    return (
      <Button
        key={as}
        size={size}
        variant="default"
        loading={resolve.isPending}
        onClick={() => confirm(title, what, sure, () => resolve.run({ as, perhaps_sent_at }))}
      >
        {label}
      </Button>
    );
  });
}

/** What the API says may follow for an order as it stands, beside what its page or row offers elsewhere. */
export function OrderActions({ actions, former, ...order }: Props & { actions: Action[]; former?: string }) {
  const may = (action: Action) => actions.includes(action);
  return (
    <>
      {may("approve") && <ApproveButton {...order} />}
      {may("push") && <PushButton {...order} action="push" former={former} />}
      {may("retry") && <PushButton {...order} action="retry" former={former} />}
      {may("hold") && <HoldButton {...order} />}
      {may("release") && <ReleaseButton {...order} />}
      {may("withdraw") && <WithdrawButton {...order} />}
      {may("confirm") && <ConfirmButton {...order} />}
      {may("reject") && <RejectButton {...order} />}
      {may("recall") && <RecallButton {...order} />}
      <RecallEndButtons {...order} actions={actions} />
      <ChangeButtons {...order} actions={actions} />
    </>
  );
}
