/** A document's text, in UTF-8 or else as Windows writes it; null: it is no text. */
export function textOf(bytes: ArrayBuffer): string | null {
  const start = new Uint8Array(bytes.slice(0, 2));
  if ((start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff))
    return new TextDecoder(start[0] === 0xff ? "utf-16le" : "utf-16be").decode(bytes);
  if (new Uint8Array(bytes).includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
