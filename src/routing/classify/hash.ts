const FNV_START = -2128831035
const FNV_PRIME = 16777619
const PREFIX_MARK = 0x2a

/** The start of an FNV-1a hash over UTF-16 code units, 32 bits. */
export const HASH_START = FNV_START

/** One step of the hash. */
export const hashStep = (hash: number, code: number): number => Math.imul(hash ^ code, FNV_PRIME)

/** The hash of a word as it stands in a token: lower case, without accents. */
export function hashWord(word: string): number {
  let hash = FNV_START
  for (let i = 0; i < word.length; i++) hash = hashStep(hash, word.charCodeAt(i))
  return hash
}

/** The key of "begins with these letters", which no whole word has. */
export const prefixKey = (hash: number): number => hashStep(hashStep(hash, PREFIX_MARK), PREFIX_MARK)

/** Spreads a hash over all its bits (the finaliser of MurmurHash3), so that its low bits can be an index. */
export function spread(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
