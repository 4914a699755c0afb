/**
 * Hints for developers about mistakes that do no harm at once and would otherwise go unnoticed. Call these where `DEVELOPMENT` is true
 * only, and the production build is without them.
 */

const given = /* @__PURE__ */ new Set<string>()

/** Tells the developer in the console, once for each text. */
export function hint(text: string): void {
  if (given.has(text)) return
  given.add(text)
  // The core is compiled without a browser's names, and errors are a part of it.
  const { console } = globalThis as unknown as { console: { warn(text: string): void } }
  console.warn(`sojourn: ${text}`)
}

/** How many letters have to be changed, added or removed to make `b` of `a` (Levenshtein's distance). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const [left = 0, above = 0, diagonal = 0] = [next[j - 1], row[j], row[j - 1]]
      next.push(Math.min(left + 1, above + 1, diagonal + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** The one of `names` that `name` may be a misspelling of. */
export function closest(name: string, names: readonly string[]): string | undefined {
  const far = (one: string): number => distance(name.toLowerCase(), one.toLowerCase())
  const [first] = [...names].sort((a, b) => far(a) - far(b))
  return first !== undefined && far(first) <= Math.max(1, first.length / 4) ? first : undefined
}

/** A question about what was meant; empty where no name is close. */
export function didYouMean(name: string, names: readonly string[]): string {
  const found = closest(name, names)
  return found === undefined ? '' : ` Did you mean ${found}?`
}

/** Warns of members of `options` that have no effect. `mayHaveOthers`: only of those that look like a known one. */
export function warnOfNames(who: string, options: object, names: readonly string[], mayHaveOthers = false): void {
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue
    const question = didYouMean(name, names)
    if (question || !mayHaveOthers) hint(`${who}: there is no option ${name}, so it has no effect.${question}`)
  }
}

/** Warns of numbers that are too small to be meant in ms: somebody thought of seconds or minutes. */
export function warnOfShortLengths(who: string, options: object, names: readonly string[]): void {
  for (const name of names) {
    const value = (options as Readonly<Record<string, unknown>>)[name]
    if (typeof value === 'number' && value > 0 && value < 1e3)
      hint(
        `${who}: ${name} is ${value}, which is ${value} ms. Did you mean '${value}s' or '${value}m'? If not, write '${value}ms'.`,
      )
  }
}
