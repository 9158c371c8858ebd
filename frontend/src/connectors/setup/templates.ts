import { t } from "@lingui/core/macro";
import type { Config } from "../form/schema";
import templates from "./templates.json";

/** Settings to begin with, for a way that many ERPs are reached. */
export interface Template {
  id: string;
  type: string;
  name: string;
  about: string;
  config: Config;
}

const WORDS: Record<string, [name: string, about: string]> = {
  "json-oauth2": [
    t`JSON with OAuth2`,
    t`Each order is posted as JSON; a token of the ERP's sign-in server lets us in.`,
  ],
  "json-api-key": [t`JSON with an API key`, t`Each order is posted as JSON, with a key in a header.`],
  "csv-12-columns": [
    t`The usual 12 columns`,
    t`A CSV file for each order over SFTP, with a row for each line, as spreadsheets of Europe read it.`,
  ],
  "json-sftp": [t`JSON files over SFTP`, t`A file for each order in one folder, the ERP's answers in another.`],
  "eancom-as2": [t`EANCOM over AS2`, t`ORDERS as EANCOM has it, signed and encrypted, with a receipt.`],
  "idoc-http": [t`IDocs to SAP's HTTP port`, t`ORDERS05 as XML; the port's number for each IDoc is kept.`],
};

export const TEMPLATES: Template[] = templates.map((each) => {
  const [name = each.id, about = ""] = WORDS[each.id] ?? [];
  return { ...each, name, about };
});
