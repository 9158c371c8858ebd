import { t } from "@lingui/core/macro";
/** What keys do. An element says which key it is for (`data-key`), a row that it is one (`data-row`). */
export const KEYS: [key: string, what: string][] = [
  ["/", t`Search in this list`],
  ["j", t`Next row of a list; next order`],
  ["k", t`Row before; order before`],
  ["Enter", t`Open the row`],
  ["e", t`Edit what is open`],
  ["r", t`Retry or push what is open`],
  ["?", t`Show these keys`],
];

type Typed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey"> & { target: unknown };

/** Whether a key is meant for the page: not while somebody types, nor with a key of the browser's. */
export function isForPage({ key, ctrlKey, metaKey, altKey, target }: Typed): boolean {
  if (ctrlKey || metaKey || altKey || !KEYS.some(([known]) => known === key)) return false;
  const field = target as { closest?: (selector: string) => unknown } | null;
  return !field?.closest?.("input, textarea, select, [contenteditable], [role=dialog], [role=menu], [role=listbox]");
}

/** Where j and k lead to among rows of which one may have the focus. */
export function nextRow(count: number, at: number, step: 1 | -1): number {
  if (at < 0) return step === 1 ? 0 : count - 1;
  return Math.min(Math.max(at + step, 0), count - 1);
}

/** Do what a key says; returns whether there was something for it. */
export function press(key: string): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  if ((key === "j" || key === "k") && rows.length > 0) {
    const at = rows.indexOf(document.activeElement as HTMLElement);
    rows[nextRow(rows.length, at, key === "j" ? 1 : -1)]?.focus();
    return true;
  }
  const element = document.querySelector<HTMLElement>(
    `[data-key="${CSS.escape(key)}"]:not(:disabled, [data-disabled])`,
  );
  if (element instanceof HTMLInputElement) element.focus();
  else element?.click();
  return element !== null;
}
