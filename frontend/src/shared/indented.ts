/** Compact JSON on lines of its own; its numbers are not read, JavaScript would change some. */
export function indented(json: string): string {
  if (json.includes("\n")) return json;
  let depth = 0;
  const line = (change: number) => `\n${"  ".repeat((depth += change))}`;
  return json.replace(/"(?:[^"\\]|\\.)*"|\{\}|\[\]|[{}[\],:]/g, (token) => {
    if (token === "{" || token === "[") return token + line(1);
    if (token === "}" || token === "]") return line(-1) + token;
    if (token === ",") return token + line(0);
    return token === ":" ? ": " : token;
  });
}
