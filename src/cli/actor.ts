import { userInfo } from 'node:os'

const nameOfUser = (): string => userInfo().username

/** Who sits at the keyboard, as the audit names them: `cli:` and the operating system's name for the user, or their number. */
export function actor(nameOf: () => string = nameOfUser): string {
  try {
    return `cli:${nameOf()}`
  } catch {
    // A container's user may have a number only.
    return `cli:${process.getuid?.() ?? 'unknown'}`
  }
}
