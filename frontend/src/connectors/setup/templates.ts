import type { Config } from "../form/schema";
import templates from "./templates.json";

/** Settings to begin with, for a way that many ERPs are reached. */
export interface Template {
  type: string;
  name: string;
  about: string;
  config: Config;
}

export const TEMPLATES: Template[] = templates;
