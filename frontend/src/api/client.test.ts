import { expect, test } from "vitest";
import { ApiError } from "./client";

const problem = (message: string, fields: unknown) => ({
  code: "VALIDATION_ERROR",
  message,
  details: { fields },
  request_id: "r-1",
});

test("fields that are told one by one are not told in the sentence again", () => {
  const fields = [{ field: "lines[0].qty", message: "must be greater than 0" }];
  expect(new ApiError(422, problem("Some fields cannot be used: lines[0].qty.", fields)).headline).toBe(
    "Some fields cannot be used.",
  );
  const config = [{ field: "host", message: "Field required" }];
  const said = "The configuration cannot be used: host: Field required.";
  expect(new ApiError(422, problem(said, config)).headline).toBe("The configuration cannot be used.");
});

test("a sentence that says more than the fields stays whole", () => {
  const fields = [{ field: "host", message: "Field required" }];
  expect(new ApiError(422, problem("It did not work: the disk is full.", fields)).headline).toBe(
    "It did not work: the disk is full.",
  );
  expect(new ApiError(409, problem("The order is PUSHED: look at it.", undefined)).headline).toBe(
    "The order is PUSHED: look at it.",
  );
});
