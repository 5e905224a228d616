/** Ask the server while a component is shown; what was asked before is not answered late. */
import { useCallback, useEffect, useRef, useState } from "react";

export interface Asked<T> {
  answer: T | null;
  error: string | null;
  isLoading: boolean;
  again: () => void;
}

/** `key` names the question; null asks nothing. The former answer of the same key stays while it is asked again. */
export function useAsked<T>(key: string | null, ask: (signal: AbortSignal) => Promise<T>): Asked<T> {
  const [state, setState] = useState<{ key: string | null; answer: T | null; error: string | null }>({ key: null, answer: null, error: null });
  const [round, setRound] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    if (key === null) return;
    const stop = new AbortController();
    latest.current(stop.signal).then(
      (answer) => stop.signal.aborted || setState({ key, answer, error: null }),
      (error: unknown) => stop.signal.aborted || setState((now) => ({ key, answer: now.key === key ? now.answer : null, error: wordsOf(error) })),
    );
    return () => stop.abort();
  }, [key, round]);
  const mine = state.key === key && key !== null;
  const again = useCallback(() => setRound((now) => now + 1), []);
  return { answer: mine ? state.answer : null, error: mine ? state.error : null, isLoading: key !== null && !mine, again };
}

export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A value that follows another one after a pause. */
export function useSettled<T>(value: T, wait: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), wait);
    return () => clearTimeout(timer);
  }, [value, wait]);
  return settled;
}
