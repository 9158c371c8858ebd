import { describe, expect, it } from "vitest";
import { LANGUAGES, nameOf, region, spoken } from "./language";

describe("the language of the page", () => {
  it("is the first of the reader's that there is a file of", () => {
    expect(LANGUAGES).toEqual(expect.arrayContaining(["de", "en"]));
    expect(spoken(["", "tr-TR", "de-CH", "en"])).toBe("de");
    expect(spoken(["de", "en-US"])).toBe("de");
    expect(spoken(["tr"])).toBe("en");
    expect(spoken(["pt-BR", "en"], ["en", "pt-BR"])).toBe("pt-BR");
  });

  it("writes numbers and dates as the reader's region does", () => {
    expect(region("de", ["en-US", "de-CH"])).toBe("de-CH");
    expect(region("de", ["en-US"])).toBe("de");
    expect(region("en", ["de-DE", "en-US"])).toBe("en-US");
    expect(region("en", ["de-DE"])).toBe("en-GB");
  });

  it("is called as those who speak it do", () => {
    expect(["de", "en", "tr"].map(nameOf)).toEqual(["Deutsch", "English", "Türkçe"]);
  });
});
