import { expect, test } from "vitest";
import { untilLoaded } from "./lazily.ts";

const failing = (times: number) => {
  let calls = 0;
  return { load: async () => (++calls > times ? "part" : Promise.reject(new Error("no connection"))), calls: () => calls };
};
const atOnce = async (): Promise<void> => undefined;

test("a part that fails to load is asked for again", async () => {
  const source = failing(3);
  expect(await untilLoaded(source.load, atOnce)).toBe("part");
  expect(source.calls()).toBe(4);
});

test("a part that is gone fails in the end", async () => {
  const source = failing(100);
  await expect(untilLoaded(source.load, atOnce)).rejects.toThrow("no connection");
  expect(source.calls()).toBe(6);
});
