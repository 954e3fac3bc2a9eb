import { type Line, PREFER_COST, type Table } from './compare.ts'

const linesOf = (tables: readonly Table[]): Line[] => tables.flatMap(({ lines }) => lines)
const isRouted = ({ name }: Line): boolean => name.startsWith('routed')

/** What the rows of bounds.json are taken from: the worst over all tables. */
export function costRows(tables: readonly Table[]) {
  const all = linesOf(tables).filter(isRouted)
  const most = (of: (line: Line) => number, lines = all): number => Math.max(...lines.map(of))
  const withName = (name: string): Line[] => all.filter((line) => line.name === name)
  const balanced = withName('routed, prefer balanced').map(({ ratio }) => ratio)
  const span = `${Math.min(...balanced).toFixed(3)} to ${Math.max(...balanced).toFixed(3)}`
  return {
    ratio: most(({ ratio }) => ratio, withName(PREFER_COST)),
    note: `prefer balanced ${span}`,
    against_card: most(({ against_card }) => against_card),
    unserved_local: most(({ unserved_local }) => unserved_local),
  }
}
