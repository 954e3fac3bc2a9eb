import type { IncomingMessage, ServerResponse } from 'node:http'
import { counts, parseOrder } from './admin.ts'
import { errorBody } from './answer.ts'
import { readBody } from './chat.ts'
import { embeddings } from './embeddings.ts'
import type { FaultSource } from './faults.ts'
import { modelList, props, type ServerFacts, tokenize } from './info.ts'
import type { Ledger } from './ledger.ts'
import { faultKinds } from './parse-fault.ts'

interface Surroundings {
  facts: ServerFacts
  basePath: string
  tokenizes: boolean
  ledger: Ledger
  faults: FaultSource
  closePort(for_ms: number): void
}

/** Sends a JSON body on a route that is no chat completion. */
export const json = (res: ServerResponse, status: number, body: object): void => {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Handles everything but chat completions. None of it counts in the ledger or meets a fault. */
export function createSideRoutes({ facts, basePath, tokenizes, ledger, faults, closePort }: Surroundings) {
  const status = (): object => counts(facts.model, ledger, faults)

  function command(body: string, res: ServerResponse): void {
    const order = parseOrder(body)
    if (typeof order === 'string') json(res, 400, errorBody(400, order, 'invalid_request_error'))
    else if ('script' in order) {
      faults.set(order.script)
      json(res, 200, status())
    } else {
      res.on('finish', () => closePort(order.refuse_ms))
      json(res, 200, { model: facts.model, refusing_for_ms: order.refuse_ms })
    }
  }

  function count(body: string, res: ServerResponse): void {
    const counted = tokenize(body)
    if (counted) json(res, 200, counted)
    else json(res, 400, errorBody(400, '"content" must be text', 'invalid_request_error'))
  }

  function embed(body: string, res: ServerResponse): void {
    const made = embeddings(body, facts.model)
    if (typeof made === 'string') json(res, 400, errorBody(400, made, 'invalid_request_error'))
    else json(res, 200, made)
  }

  const routes = new Map<string, (req: IncomingMessage, res: ServerResponse) => void>([
    ['GET /health', (_, res) => json(res, 200, { status: 'ok' })],
    [`POST ${basePath}/embeddings`, (req, res) => readBody(req, (body) => embed(body, res))],
    [`GET ${basePath}/models`, (_, res) => json(res, 200, modelList(facts))],
    ['GET /props', (_, res) => json(res, 200, props(facts))],
    ['GET /simulator/ledger', (_, res) => json(res, 200, status())],
    ['GET /simulator/faults', (_, res) => json(res, 200, { kinds: faultKinds() })],
    ['POST /simulator/faults', (req, res) => readBody(req, (body) => command(body, res))],
  ])
  if (tokenizes) routes.set('POST /tokenize', (req, res) => readBody(req, (body) => count(body, res)))
  const notFound = (_: IncomingMessage, res: ServerResponse): void =>
    json(res, 404, errorBody(404, 'File Not Found', 'not_found_error'))

  return (path: string, req: IncomingMessage, res: ServerResponse): void =>
    (routes.get(`${req.method} ${path}`) ?? notFound)(req, res)
}
