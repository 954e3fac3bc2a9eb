import { styleText } from 'node:util'

export type Style = Parameters<typeof styleText>[0]
/** Styles text, or leaves it as it is where colours are not wanted. */
export type Paint = (style: Style, text: string) => string

/** Where a command writes. Results go to `out`, everything else (progress, errors) to `err`. */
export interface Terminal {
  out: (text: string) => void
  err: (text: string) => void
  paint: Paint
  paintErr: Paint
  /** Columns that results may use; null when they are piped: then only charts have a width. */
  columns: number | null
  /** Columns of a screen on which `err` may redraw lines; null when it must not. */
  liveColumns: number | null
}

export interface TextStream {
  write: (text: string) => unknown
  isTTY?: boolean
  columns?: number
}

const paintFor =
  (stream: TextStream): Paint =>
  (style, text) =>
    // Left to Node: it looks at the stream, NO_COLOR, NODE_DISABLE_COLORS and FORCE_COLOR.
    styleText(style, text, { stream: stream as NodeJS.WriteStream })

const columnsOf = ({ isTTY, columns }: TextStream): number | null => (isTTY === true ? columns || 80 : null)

/** The terminal of a process. `dumb`: its screen cannot redraw lines (TERM=dumb). */
export function createTerminal(stdout: TextStream, stderr: TextStream, dumb: boolean): Terminal {
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    paint: paintFor(stdout),
    paintErr: paintFor(stderr),
    columns: columnsOf(stdout),
    liveColumns: dumb ? null : columnsOf(stderr),
  }
}
