/** Every control character but line feed and tab. */
const CONTROL = /(?![\n\t])\p{Cc}/gu
/** Characters that make a terminal show text in another order than it stands. */
const REORDERING = /[\u202a-\u202e\u2066-\u2069]/g

/**
 * Text that a terminal shows as it is. A model's words could otherwise move the cursor, overwrite lines above them or
 * turn the order of numbers round; each such character becomes U+FFFD.
 */
export const printable = (text: string): string =>
  text.replaceAll('\r\n', '\n').replace(CONTROL, '\ufffd').replace(REORDERING, '\ufffd')

/** The same for every text in what a service has sent, so that lines may be painted afterwards. */
export const printableAll = <T>(sent: T): T =>
  JSON.parse(JSON.stringify(sent), (_, value) => (typeof value === 'string' ? printable(value) : value))
