import { t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";
import type { Stored } from "../shared/versions/useSaving";

/** One's notices as the form has them: what is not wanted is empty. */
export type NoticeForm = {
  mail: boolean;
  webhook_url: string;
  first: boolean;
  mine: boolean;
  digest_at: string;
  quiet_start: string;
  quiet_end: string;
  time_zone: string;
  language: string;
};

type Body = Schemas["NoticesBody"];
type View = Schemas["NoticesView"];

/** What is stored; as long as nothing ever was, with what this browser says of where and how its reader is. */
export function storedForm(view: View, here: { zone: string; language: string }): Stored<NoticeForm> {
  const chosen = view.version > 1;
  return {
    version: view.version,
    value: {
      mail: view.mail,
      webhook_url: view.webhook_url ?? "",
      first: view.first,
      mine: view.mine,
      digest_at: view.digest_at ?? "",
      quiet_start: view.quiet?.start ?? "",
      quiet_end: view.quiet?.end ?? "",
      time_zone: chosen ? view.time_zone : here.zone,
      language: chosen ? view.language : here.language,
    },
  };
}

export function bodyOf(form: NoticeForm): Body {
  const { webhook_url, digest_at, quiet_start, quiet_end, language, ...rest } = form;
  return {
    ...rest,
    language: language as Body["language"],
    webhook_url: webhook_url.trim() || null,
    digest_at: digest_at || null,
    quiet: quiet_start && quiet_end ? { start: quiet_start, end: quiet_end } : null,
  };
}

/** Whether something is wanted that goes by no way, or a way leads to nothing: it would be silence, unseen. */
export function isSilent({ mail, webhook_url, first, mine, digest_at }: NoticeForm): boolean {
  const way = mail || webhook_url.trim() !== "";
  return way !== (first || mine || digest_at !== "");
}

const LABELS: Record<string, () => string> = {
  mail: () => t`By e-mail`,
  webhook_url: () => t`By webhook, to this address`,
  first: () => t`The first of a new kind of failure, or of anything else that needs somebody`,
  mine: () => t`What somebody gives me to take care of`,
  digest_at: () => t`All that needs somebody, once a day at`,
  quiet: () => t`Quiet hours`,
  quiet_start: () => t`Quiet from`,
  quiet_end: () => t`Quiet until`,
  time_zone: () => t`Time zone`,
  language: () => t`Language`,
};

/** A field as the form calls it; the API's `quiet.start` is the form's `quiet_start`. */
export function labelOf(field: string): string {
  return LABELS[field.replace(".", "_")]?.() ?? field;
}
