import ts from "typescript";

/** Attributes that people read. */
const READ =
  /^(label|title|placeholder|description|about|alt|subtitle|aria-label|nothingFoundMessage|legend|error|field)$/;
/** Words; numbers of orders are none. */
const LETTERS = /\p{Ll}{2}/u;

/** The texts in a component's source that do not come from the catalogue: of its elements, and of what people read of them. */
export function literals(source: string): string[] {
  const file = ts.createSourceFile("it.tsx", source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const look = (node: ts.Node): void => {
    if (ts.isJsxElement(node) && isOwn(node.openingElement.tagName.getText())) return lookAtAttributes(node);
    if (ts.isJsxText(node)) note(node.text.trim());
    else if (ts.isJsxAttribute(node)) return lookAt(node);
    else if (ts.isJsxExpression(node) && node.expression) shown(node.expression);
    ts.forEachChild(node, look);
  };
  const note = (text: string) => {
    if (LETTERS.test(text)) found.push(text);
  };
  const lookAtAttributes = (node: ts.JsxElement) => ts.forEachChild(node.openingElement, look);
  const lookAt = ({ name, initializer }: ts.JsxAttribute) => {
    if (initializer && READ.test(name.getText())) {
      if (ts.isStringLiteral(initializer)) note(initializer.text);
      else if (ts.isJsxExpression(initializer) && initializer.expression) shown(initializer.expression);
    }
    if (initializer && ts.isJsxExpression(initializer)) ts.forEachChild(initializer, look);
  };
  /** What an expression comes to, where it is text itself. */
  const shown = (node: ts.Expression): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) note(node.text);
    else if (ts.isTemplateExpression(node))
      note(
        [node.head, ...node.templateSpans.map((span) => span.literal)]
          .map((part) => part.text)
          .join("…")
          .replace(/…$/, "…"),
      );
    else if (ts.isConditionalExpression(node)) [node.whenTrue, node.whenFalse].forEach(shown);
    else if (ts.isParenthesizedExpression(node)) shown(node.expression);
    else if (ts.isBinaryExpression(node) && /^(&&|\|\||\?\?)$/.test(node.operatorToken.getText())) shown(node.right);
  };
  look(file);
  return found;
}

/** What says its text in the catalogue, or is of a machine. */
function isOwn(tag: string): boolean {
  return /^(Trans|Plural|code|Code|style)$/.test(tag);
}

/** Some words in a row: no class, no address, no code. */
const SENTENCE = /\p{Ll}{2,} \p{Ll}+ \p{Ll}{2,}/u;

/** The sentences that a source puts together itself, past the catalogue. */
export function sentences(source: string): string[] {
  const found: string[] = [];
  const look = (node: ts.Node): void => {
    if (ts.isTaggedTemplateExpression(node) || (ts.isCallExpression(node) && node.expression.getText() === "plural"))
      return;
    if (ts.isTemplateExpression(node) && SENTENCE.test(node.getText())) found.push(node.getText());
    else ts.forEachChild(node, look);
  };
  look(ts.createSourceFile("it.tsx", source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX));
  return found;
}
