/**
 * A short fingerprint of a text, to compare two texts: two rounds of FNV-1a (32 bit, different seeds).
 * Not for secrets. Web Crypto has better hashes, but only asynchronously, and not on plain http.
 */
export function fingerprint(text: string): string {
  const round = (seed: number): string => {
    let hash = seed
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    return (hash >>> 0).toString(36)
  }
  return round(0x811c9dc5) + round(0x2f0b4c47)
}
