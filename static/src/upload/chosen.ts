/** Files and folders that were picked or dropped, as paths. */
import type { Chosen } from "./send.ts";

/** The folder that all paths lie in, with its slash; nothing when there is none. */
export function commonFolder(paths: string[]): string {
  const first = paths[0]?.split("/")[0] ?? "";
  return first && paths.every((path) => path.startsWith(`${first}/`)) ? `${first}/` : "";
}

export function ofInput(files: Iterable<File>): Chosen[] {
  return [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** Walk what was dropped, folders included; the entries must be asked for before the event ends. */
export async function ofDrop(data: DataTransfer): Promise<Chosen[]> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null && entry !== undefined);
  if (!entries.length) return ofInput(data.files);
  const found: Chosen[] = [];
  for (const entry of entries) await walk(entry, "", found);
  return found;
}

async function walk(entry: FileSystemEntry, prefix: string, found: Chosen[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((take, fail) => (entry as FileSystemFileEntry).file(take, fail));
    found.push({ path: prefix + entry.name, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader gives some hundred at a time, and an empty list at the end.
    const some = await new Promise<FileSystemEntry[]>((take, fail) => reader.readEntries(take, fail));
    if (!some.length) return;
    for (const each of some) await walk(each, `${prefix}${entry.name}/`, found);
  }
}
