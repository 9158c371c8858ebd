import { decimalSign } from "./money";

/** An exact decimal as the reader types it: 1234,5 for 1234.5. */
export function typedOf(exact: string, sign = decimalSign()): string {
  return exact.replace(".", sign);
}

/**
 * What a reader typed, as exact text. `either` are two numbers that it may mean as well (1.250 is one thing in German and
 * another in English): it is not for us to guess. What is no number at all stays as it is, for the API to refuse.
 */
export function readTyped(typed: string, sign = decimalSign()): { exact: string; either?: [string, string] } {
  const text = typed.replace(/[\s\u00a0\u202f'’]/g, "");
  const other = sign === "," ? "." : ",";
  const groups = new RegExp(`^-?\\d{1,3}(\\${other}\\d{3})+(\\${sign}\\d+)?$`);
  if (groups.test(text)) {
    const whole = text.replaceAll(other, "");
    if (text.includes(sign) || text.split(other).length > 2) return { exact: whole.replace(sign, ".") };
    return { exact: typed, either: [whole, typedOf(text.replace(other, "."), sign)] };
  }
  const plain = text.replace(text.includes(sign) ? sign : other, ".");
  return { exact: /^-?\d*\.?\d+$/.test(plain) ? plain : typed };
}
