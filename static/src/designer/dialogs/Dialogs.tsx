/** Dialogs are loaded when the first one is opened. */
import { lazy, Suspense } from "react";
import { useUi } from "../store/index.ts";

const AllDialogs = lazy(() => import("./AllDialogs.tsx"));

export function Dialogs() {
  if (!useUi("dialog")) return null;
  return (
    <Suspense>
      <AllDialogs />
    </Suspense>
  );
}
