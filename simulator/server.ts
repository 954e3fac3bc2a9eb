import { createServer } from 'node:http'
import { errorBody } from './answer.ts'
import { createChat } from './chat.ts'
import { createFaultSource, type FaultScript } from './faults.ts'
import { createLedger, type Ledger } from './ledger.ts'
import type { ModelServerOptions } from './options.ts'
import { holdPort } from './port.ts'
import { createSideRoutes, json } from './side-routes.ts'

/** A running simulated model server. */
export interface ModelServer {
  readonly model: string
  /** Base URL, with `/v1`. */
  readonly url: string
  readonly port: number
  readonly ledger: Ledger
  /** Replaces the faults of the requests to come; `[]` ends them. */
  setFaults(script: FaultScript): void
  /** Closes the port and every connection: callers are refused until `reopen`. */
  refuse(): Promise<void>
  reopen(): Promise<void>
  /** Ends every connection and the server, at once. */
  close(): Promise<void>
}

/** The listening side of a server: one port that can be shut for a while. */
function createGate(open: () => Promise<number>, drop: () => Promise<void>) {
  let dropping = false
  let closed = false
  let reopening: NodeJS.Timeout | undefined

  async function refuse(): Promise<void> {
    clearTimeout(reopening)
    dropping = true
    await drop()
    dropping = false
  }
  async function reopen(): Promise<void> {
    clearTimeout(reopening)
    if (!closed) await open()
  }
  return {
    dropping: () => dropping,
    refuse,
    reopen,
    closePort: (for_ms: number): void => {
      void refuse().then(() => {
        if (!closed) reopening = setTimeout(() => void reopen(), for_ms)
      })
    },
    close: (): Promise<void> => {
      closed = true
      return refuse()
    },
  }
}

/**
 * Starts an OpenAI-compatible server that simulates a model; resolves when it listens. Rejects when the port is taken.
 * Only chat completions count in the ledger and meet faults; everything else always answers.
 */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const { model, host = '127.0.0.1', basePath = '/v1', slots = 1, context_window = 8192, apiKey } = options
  const ledger = createLedger(options.keepEntries)
  const faults = createFaultSource()

  // No timeouts of our own: a test that wants a slow client or a silent server gets one.
  const server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: options.keepAliveMs ?? 0 })
  const port = holdPort(server, host, options.port ?? 0)
  const { dropping, refuse, reopen, closePort, close } = createGate(port.open, port.close)

  const ledgers = options.sharedLedger ? [ledger, options.sharedLedger] : [ledger]
  const chat = createChat(options, { ledgers, faults, dropping, closePort })
  const facts = { model, slots, context_window }
  const tokenizes = options.tokenize !== false
  const answerOther = createSideRoutes({ facts, basePath, tokenizes, ledger, faults, closePort })
  // These need no key on llama.cpp either.
  const isOpen = (path: string): boolean =>
    path === '/health' || path === `${basePath}/models` || path.startsWith('/simulator/')

  server.on('request', (req, res) => {
    res.sendDate = false
    if (options.markSimulated !== false) res.setHeader('x-consilium-simulator', '1')
    const path = (req.url ?? '/').split('?', 1)[0] as string
    if (apiKey !== undefined && req.headers.authorization !== `Bearer ${apiKey}` && !isOpen(path))
      json(res, 401, errorBody(401, 'Invalid API Key', 'authentication_error'))
    else if (req.method === 'POST' && path === `${basePath}/chat/completions`) chat(req, res)
    else answerOther(path, req, res)
  })

  const number = await port.open()
  const authority = host.includes(':') ? `[${host}]` : host
  const url = `http://${authority}:${number}${basePath}`
  const setFaults = (script: FaultScript): void => faults.set(script)
  return { model, url, port: number, ledger, setFaults, refuse, reopen, close }
}
