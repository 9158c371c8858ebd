/** What a page of the docs says, without what stands around it; its links lead to the docs. */
export function articleOf(page: string, address: string): Element | null {
  const article = new DOMParser().parseFromString(page, "text/html").querySelector("article");
  for (const mark of article?.querySelectorAll(".headerlink, script, style, button, [id]") ?? [])
    if (mark.matches(".headerlink, script, style, button")) mark.remove();
    else mark.removeAttribute("id");
  for (const link of article?.querySelectorAll("a[href]") ?? []) {
    link.setAttribute("href", new URL(link.getAttribute("href") ?? "", new URL(address, location.origin)).href);
    link.setAttribute("target", "_blank");
    link.setAttribute("rel", "noreferrer");
  }
  return article;
}
