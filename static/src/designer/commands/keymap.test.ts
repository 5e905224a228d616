import { describe, expect, it } from "vitest";
import { COMMANDS, commandFor, keysFor } from "./commands.ts";
import { isSingle, keysOf, saveKeys, shown } from "./keymap.ts";

const press = (key: string, more: Partial<KeyboardEvent> = {}) => keysOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });

describe("keys", () => {
  it("are written the same on every keyboard", () => {
    expect(press("z", { ctrlKey: true })).toBe("Ctrl+Z");
    expect(press("z", { metaKey: true, shiftKey: true })).toBe("Ctrl+Shift+Z");
    expect(press("?", { shiftKey: true })).toBe("?");
    expect(press("/")).toBe("/");
    expect(press(" ")).toBe("Space");
    expect(press("ArrowUp", { altKey: true, shiftKey: true })).toBe("Alt+Shift+ArrowUp");
  });

  it("are taken by one command each", () => {
    const all = COMMANDS.flatMap((command) => keysFor(command).split(" ").filter(Boolean));
    expect(all.length).toBe(new Set(all).size);
  });

  it("that are single can be told from those with Ctrl", () => {
    expect(["C", "Space", "/", "Shift+A"].every(isSingle)).toBe(true);
    expect(["Ctrl+C", "Delete", "F2", "Enter", "ArrowUp"].some(isSingle)).toBe(false);
  });

  it("can be changed", () => {
    saveKeys({ own: { connect: "B" } });
    expect([commandFor("B")?.id, commandFor("C")?.id, shown("Ctrl+Enter"), shown("+")]).toEqual(["connect", undefined, "Ctrl Enter", "+"]);
    saveKeys({ own: {} });
  });

  it("cover the map that the product promises", () => {
    const map = { "/": "palette", Space: "quickadd", Enter: "panel", C: "connect", D: "disable", F2: "rename", G: "group", "Shift+A": "arrange", P: "preview", L: "logs", O: "outline", "1": "fit", "2": "zoom-selection", "Ctrl+F": "find", "Ctrl+Z": "undo", "Ctrl+Shift+Z": "redo", "Ctrl+C": "copy", "Ctrl+X": "cut", "Ctrl+D": "duplicate", "Ctrl+Enter": "submit", "?": "shortcuts" };
    expect(Object.keys(map).map((keys) => commandFor(keys)?.id)).toEqual(Object.values(map));
  });
});
