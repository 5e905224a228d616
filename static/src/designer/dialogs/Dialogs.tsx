/** Dialogs are loaded when the first one is opened. */
import { Suspense } from "react";
import { lazily } from "../app/lazily.ts";
import { useUi } from "../store/index.ts";

const AllDialogs = lazily(() => import("./AllDialogs.tsx"));

export function Dialogs() {
  if (!useUi("dialog")) return null;
  return (
    <Suspense>
      <AllDialogs />
    </Suspense>
  );
}
