export interface Pair {
  order: string;
  erp_order_id: string;
}

/** The first two columns of a table as a spreadsheet copies or saves it; a row without a second one is told by its line. */
export function pairsOf(text: string): { pairs: Pair[]; lines: number[]; bad: number[] } {
  const lines = linesOf(text);
  const first = lines.find((line) => line.trim()) ?? "";
  const sign = SIGNS.toSorted((a, b) => count(first, b) - count(first, a))[0] ?? ";";
  const pairs: Pair[] = [];
  const good: number[] = [];
  const bad: number[] = [];
  lines.forEach((line, at) => {
    if (!line.trim()) return;
    const [order = "", erp_order_id = ""] = line.split(sign).map(bare);
    if (order && erp_order_id) pairs.push({ order, erp_order_id });
    (order && erp_order_id ? good : bad).push(at + 1);
  });
  return { pairs, lines: good, bad };
}

/** The text without some of its lines, which count from 1. */
export function withoutLines(text: string, left: readonly number[]): string {
  return linesOf(text)
    .filter((_, at) => !left.includes(at + 1))
    .join("\n");
}

function linesOf(text: string): string[] {
  return text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
}

const SIGNS = [";", "\t", ","];
const count = (text: string, sign: string) => text.split(sign).length - 1;

/** A cell without the quotes that some programs write. */
function bare(cell: string): string {
  const text = cell.trim();
  return /^".*"$/s.test(text) ? text.slice(1, -1).replaceAll('""', '"').trim() : text;
}
