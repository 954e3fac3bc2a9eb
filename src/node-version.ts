/** As `engines` in package.json; held equal by a test. */
export const OLDEST_NODE = '22.19'

/** Why the service cannot run on this version of Node; null when it can. */
export function nodeFault(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number)
  const fits = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
  return fits ? null : `Consilium needs Node ${OLDEST_NODE} or newer; this is Node ${version}.`
}

// Entry points import this file first: nothing else has run by then that an older Node would break at.
const fault = nodeFault(process.versions.node)
if (fault !== null) {
  const error = new Error(fault)
  error.stack = `Error: ${fault}`
  throw error
}
