import { expect, test } from "vitest";

import { keepOnScreen } from "./shell";

function opened(left: number, right: number): string {
  const panel = document.createElement("div");
  panel.getBoundingClientRect = () => ({ left, right }) as DOMRect;
  Object.defineProperty(document.documentElement, "clientWidth", { value: 390, configurable: true });
  keepOnScreen(panel);
  return panel.style.translate;
}

test("a menu that would leave the screen is moved back onto it", () => {
  expect(opened(-76, 124)).toBe("84px 0");
  expect(opened(300, 500)).toBe("-118px 0");
  expect(opened(100, 300)).toBe("none");
});

test("a menu that is wider than the screen begins at its left", () => {
  expect(opened(50, 600)).toBe("-42px 0");
});
