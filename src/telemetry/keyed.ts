/** Values by a path of short strings, each made on first use: no joined key has to be built and hashed for a look-up. */
export class Keyed<Value> {
  readonly #make: (...path: string[]) => Value
  readonly #root = new Map<string, unknown>()

  constructor(make: (...path: string[]) => Value) {
    this.#make = make
  }

  /** Always call with paths of one length. */
  get(...path: string[]): Value {
    let level = this.#root
    const last = path.length - 1
    for (let index = 0; index < last; index++) {
      const step = path[index] as string
      let next = level.get(step) as Map<string, unknown> | undefined
      if (next === undefined) {
        next = new Map()
        level.set(step, next)
      }
      level = next
    }
    const end = path[last] as string
    let value = level.get(end) as Value | undefined
    if (value === undefined) {
      value = this.#make(...path)
      level.set(end, value)
    }
    return value
  }
}
