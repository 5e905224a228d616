/** Two small observable values: one alone, and many by key. */
type Listener = () => void;

export class Cell<T> {
  private readonly listeners = new Set<Listener>();

  constructor(private value: T) {}

  readonly get = (): T => this.value;

  readonly set = (value: T): void => {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const listener of [...this.listeners]) listener();
  };

  update(change: (value: T) => T): void {
    this.set(change(this.value));
  }

  readonly subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

/** A change of one key wakes only who watches that key, and who watches all. */
export class Keyed<T> {
  private values = new Map<string, T>();
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly everyone = new Set<Listener>();
  private frozen: ReadonlyMap<string, T> = this.values;

  get(key: string): T | undefined {
    return this.values.get(key);
  }

  /** All values; the same object until something changes. */
  readonly all = (): ReadonlyMap<string, T> => this.frozen;

  /** Set some keys and, with `only`, drop all others. */
  merge(entries: Iterable<readonly [string, T | undefined]>, only = false): void {
    const changed = new Set<string>();
    const named = new Set<string>();
    for (const [key, value] of entries) {
      named.add(key);
      if (Object.is(this.values.get(key), value)) continue;
      changed.add(key);
      if (value === undefined) this.values.delete(key);
      else this.values.set(key, value);
    }
    if (only) {
      for (const key of [...this.values.keys()]) {
        if (named.has(key)) continue;
        this.values.delete(key);
        changed.add(key);
      }
    }
    if (!changed.size) return;
    this.frozen = new Map(this.values);
    for (const key of changed) for (const listener of [...(this.listeners.get(key) ?? [])]) listener();
    for (const listener of [...this.everyone]) listener();
  }

  subscribe(key: string, listener: Listener): () => void {
    let set = this.listeners.get(key);
    if (!set) this.listeners.set(key, (set = new Set()));
    set.add(listener);
    return () => {
      set.delete(listener);
      if (!set.size) this.listeners.delete(key);
    };
  }

  readonly subscribeAll = (listener: Listener): (() => void) => {
    this.everyone.add(listener);
    return () => this.everyone.delete(listener);
  };
}
