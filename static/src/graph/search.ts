/** Ranks palette entries: name before tag before description; every word of the query must be met. */
export interface Entry<T> {
  item: T;
  name: string;
  tags: string;
  text: string;
  words: string[];
  initials: string;
}

export function entry<T>(item: T, name: string, tags: readonly string[], text: string): Entry<T> {
  const lower = name.toLowerCase();
  const words = lower.split(/[\s_\-/()]+/).filter(Boolean);
  return { item, name: lower, tags: tags.join(" ").toLowerCase().replaceAll("_", " "), text: text.toLowerCase(), words, initials: words.map((word) => word[0]).join("") };
}

function score(one: Entry<unknown>, word: string): number {
  if (one.name === word) return 1000;
  if (one.name.startsWith(word)) return 500;
  if (one.words.some((part) => part.startsWith(word))) return 300;
  if (word.length > 1 && one.initials.startsWith(word)) return 250;
  if (one.name.includes(word)) return 200;
  if (one.tags.includes(word)) return 80;
  if (one.text.includes(word)) return 20;
  return word.length > 2 && subsequence(word, one.name.replaceAll(" ", "")) ? 5 : 0;
}

/** "bostd" still finds "boosted": the letters in order. */
function subsequence(word: string, text: string): boolean {
  let at = 0;
  for (const letter of text) if (letter === word[at] && ++at === word.length) return true;
  return false;
}

export function search<T>(entries: readonly Entry<T>[], query: string, boost: (item: T) => number = () => 0): T[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found: { item: T; score: number; order: number; name: string }[] = [];
  entries.forEach((one, order) => {
    let total = 0;
    for (const word of words) {
      const points = score(one, word);
      if (!points) return;
      total += points;
    }
    if (words.length > 1 && one.name.includes(words.join(" "))) total += 400;
    found.push({ item: one.item, score: total + boost(one.item), order, name: one.name });
  });
  return found.sort((a, b) => b.score - a.score || a.name.length - b.name.length || a.order - b.order).map((one) => one.item);
}
