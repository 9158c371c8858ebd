import { Validator, type Schema } from "@cfworker/json-schema";
import type { RJSFSchema, ValidatorType } from "@rjsf/utils";
import type { Config } from "./schema";

/**
 * Tells which branch of a schema fits. It interprets the schema where Ajv would compile it with `new Function`, which
 * our Content-Security-Policy does not allow. Whether a configuration is right, the API says, in its own words.
 */
export const validator: ValidatorType<Config> = {
  validateFormData: () => ({ errors: [], errorSchema: {} }),
  rawValidation: () => ({ errors: [] }),
  isValid: (schema, data, root: RJSFSchema) => {
    const whole = { ...schema, $defs: { ...root.$defs, ...schema.$defs } } as Schema;
    return new Validator(whole, "2020-12").validate(data).valid;
  },
};
export default validator;
