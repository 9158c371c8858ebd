import { i18n, type Messages } from "@lingui/core";

/** Each language is a file of `locales`, loaded where it is wanted. */
const catalogues = import.meta.glob<{ messages: Messages }>("../locales/*.po");
const KEY = "orderflow.language";

export const OURS = "en";
export const LANGUAGES = Object.keys(catalogues).map((path) => path.replace(/^.*\/|\.po$/g, ""));

/** The first language of the reader's that there is; `wanted` are tags as browsers send them (RFC 5646). */
export function spoken(wanted: readonly string[], languages: readonly string[] = LANGUAGES): string {
  const found = wanted.map(
    (tag) => languages.find((one) => one === tag) ?? languages.find((one) => one === primary(tag)),
  );
  return found.find((one) => one !== undefined) ?? OURS;
}

/** How the reader writes numbers and dates: as the browser says where it speaks that language, else as the language does. */
export function region(language: string, wanted: readonly string[]): string {
  return wanted.find((tag) => primary(tag) === primary(language)) ?? (language === OURS ? "en-GB" : language);
}

/** Speak the reader's language, before anything else of the page is loaded: its texts are said in it from the start. */
export async function speak(): Promise<void> {
  const language = spoken([localStorage.getItem(KEY) ?? "", ...navigator.languages]);
  const catalogue = await catalogues[`../locales/${language}.po`]?.();
  i18n.loadAndActivate({
    locale: language,
    locales: region(language, navigator.languages),
    messages: catalogue?.messages ?? {},
  });
  document.documentElement.lang = language;
}

/** Speak another language from now on: the page is loaded anew. */
export function choose(language: string): void {
  localStorage.setItem(KEY, language);
  location.reload();
}

/** What a language is called by those who speak it. */
export function nameOf(language: string): string {
  const name = new Intl.DisplayNames([language], { type: "language" }).of(language) ?? language;
  return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
}

/** The reader's way of writing numbers and dates, for `Intl`. */
export function readersLocale(): string {
  return [i18n.locales ?? i18n.locale].flat()[0] || OURS;
}

function primary(tag: string): string {
  return tag.toLowerCase().split("-")[0] ?? "";
}
