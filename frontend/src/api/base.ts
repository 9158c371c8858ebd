/** The path below which the server is reached, as `/orderflow`; empty if it is all of its address. It says so in the page. */
export const BASE =
  typeof document === "undefined" ? "" : (document.querySelector<HTMLMetaElement>('meta[name="base"]')?.content ?? "");
