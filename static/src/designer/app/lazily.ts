/** Parts of the page that are loaded when they are first looked at, also over a connection that comes and goes. */
import { lazy, type ComponentType, type LazyExoticComponent } from "react";

const TRIES = 6;
const LONGEST = 8_000;

/** React's `lazy` gives a part up at the first failure; this one waits for the connection and tries again. */
export function lazily<P extends object>(load: () => Promise<{ default: ComponentType<P> }>): LazyExoticComponent<ComponentType<P>> {
  return lazy(() => untilLoaded(load));
}

/** A part that is gone for good (a newer studio has other files) fails after some tries. */
export async function untilLoaded<T>(load: () => Promise<T>, wait = waited): Promise<T> {
  for (let tries = 1, pause = 250; ; pause = Math.min(pause * 2, LONGEST)) {
    try {
      return await load();
    } catch (error) {
      if (navigator.onLine && ++tries > TRIES) throw error;
      await wait(pause);
    }
  }
}

function waited(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    }
  });
}
