import { describe, expect, test } from 'vitest'
import { graphOf } from '../helpers/import-graph.ts'
import { brokenPlaces, brokenRules } from '../helpers/import-rules.ts'

const dependencies = new Set(['zod', 'fastify', '@fastify/jwt', 'undici', 'kysely', 'pg', 'ioredis', 'prom-client'])
const judge = (files: Record<string, string>) => brokenRules(graphOf(new Map(Object.entries(files))), dependencies)

describe('the import rules refuse', () => {
  test.each([
    ['src/contract/run.ts', "import type { Plan } from '../plan/plan.ts'", 'contract may not import plan'],
    ['src/plan/graph.ts', "import { rank } from '../results/rank.ts'", 'plan may not import results'],
    ['src/results/timing.ts', "import type { Config } from '../config.ts'", 'results may not import config'],
    ['workflows/lab.ts', "import { order } from '../src/plan/graph.ts'", 'workflows may not import plan'],
    ['src/models/client.ts', "import { Lane } from '../run/lane.ts'", 'models may not import run'],
    ['src/models/client.ts', "import { parseConfig } from '../config.ts'", 'models may not import config'],
    ['src/store/sqlite.ts', "import type { ModelPort } from '../models/port.ts'", 'store may not import models'],
    ['src/run/task.ts', "import { MAX } from '../models/port.ts'", 'run may not import models'],
    ['src/run/task.ts', "import type { Client } from '../models/client.ts'", 'run may not import models'],
    ['src/telemetry/log.ts', "import { run } from '../orchestrator.ts'", 'telemetry may not import orchestrator'],
    ['src/plugins/auth.ts', "import { log } from '../telemetry/log.ts'", 'plugins may not import telemetry'],
    ['routes/v1/runs.ts', "import auth from '../../src/plugins/auth.ts'", 'routes may not import plugins'],
    ['src/app.ts', "import { main } from './cli.ts'", 'composition may not import cli'],
    ['src/app.ts', "import { serve } from '../simulator/main.ts'", 'composition may not import simulator'],
    ['src/server.ts', "import { Lane } from './run/lane.ts'", 'server may not import run'],
    ['simulator/main.ts', "import { Lane } from '../src/run/lane.ts'", 'simulator may not import run'],
    ['simulator/main.ts', "import { build } from '../src/models/roster.ts'", 'simulator may not import models'],
    ['src/attic/old.ts', "import { x } from '../errors.ts'", 'attic is no room of design.md'],
  ])('%s: %s', (file, source, rule) => {
    const [line, ...more] = judge({ [file]: source })
    expect(line).toMatch(new RegExp(`^${file} imports [^ ]+\\.ts: ${rule}`))
    expect(more).toEqual([])
  })

  test.each([
    ['src/orchestrator.ts', 'fastify', 'Fastify appears only on floors 5 to 7'],
    ['src/telemetry/http.ts', '@fastify/jwt', 'Fastify appears only on floors 5 to 7'],
    ['src/plugins/auth.ts', 'undici', 'undici only in models/'],
    ['src/core.ts', 'node:sqlite', 'SQL only in store/'],
    ['src/queue/lane.ts', 'pg', 'SQL only in store/'],
    ['src/plugins/auth.ts', 'ioredis', 'Redis only in queue/ and the rate-limit plugin'],
    ['routes/metrics.ts', 'prom-client', 'prom-client only in telemetry/'],
    ['src/plan/graph.ts', 'node:fs', 'floors 0 and 1 import no package and no Node module but zod'],
    ['src/core.ts', 'left-pad', 'a package must stand under dependencies in package.json'],
    ['src/core.ts', 'fs', 'a package must stand under dependencies in package.json'],
  ])('%s: the package %s', (file, name, rule) => {
    const broken = judge({ [file]: `import x from '${name}'` })
    expect(broken).toHaveLength(1)
    expect(broken[0]).toContain(`${file} imports ${name}: ${rule}`)
  })

  test('a plugin that imports another plugin, and a route that imports another route', () => {
    const broken = judge({
      'src/app.ts': "import auth from './plugins/auth.ts'\nimport limit from './plugins/limit.ts'",
      'src/plugins/auth.ts': "import { parse } from './auth/token.ts'",
      'src/plugins/auth/token.ts': '',
      'src/plugins/limit.ts': "import auth from './auth.ts'",
      'routes/index.ts': "import runs from './v1/runs.ts'\nimport audit from './v1/audit.ts'",
      'routes/v1/runs.ts': "import { answer } from '../answer.ts'",
      'routes/v1/audit.ts': "import runs from './runs.ts'",
      'routes/answer.ts': '',
    })
    expect(broken).toEqual([
      'src/plugins/limit.ts imports src/plugins/auth.ts: plugins and routes never import each other',
      'routes/v1/audit.ts imports routes/v1/runs.ts: plugins and routes never import each other',
    ])
  })
  test('reading the environment away from the entries, and barrels', () => {
    const sources = new Map([
      ['src/server.ts', 'start(process.env)'],
      ['src/app.ts', 'const port = process.env.PORT'],
      ['src/core.ts', "import { env } from 'node:process'"],
      ['src/lane.ts', '// never reads process.env\n'],
      ['routes/index.ts', ''],
      ['src/plan/index.ts', ''],
    ])
    expect(brokenPlaces(sources).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'src/app.ts reads',
      'src/core.ts reads',
      'src/plan/index.ts is',
    ])
  })
})

test('the import rules let every floor import what lies below it', () => {
  const broken = judge({
    'src/contract/run.ts': "import { z } from 'zod'\nimport type { Code } from '../errors.ts'",
    'src/config.ts': "import { readFileSync } from 'node:fs'\nimport { ConfigError } from './errors.ts'",
    'workflows/lab.ts': "import { defineWorkflow } from '../src/plan/workflow.ts'",
    'src/models/client.ts': "import { request } from 'undici'\nimport type { Config } from '../config.ts'",
    'src/run/task.ts': "import type { ModelPort } from '../models/port.ts'",
    'src/telemetry/metrics.ts': "import { Counter } from 'prom-client'\nimport type { Lane } from '../run/lane.ts'",
    'src/store/sqlite.ts': "import { DatabaseSync } from 'node:sqlite'",
    'src/plugins/rate-limit.ts': "import Redis from 'ioredis'",
    'routes/v1/runs.ts':
      "import type { FastifyInstance } from 'fastify'\nimport { Run } from '../../src/contract/run.ts'",
    'src/app.ts': "import routes from '../routes/index.ts'\nimport { Store } from './store/sqlite.ts'",
    'src/cli.ts': "import { serve } from '../simulator/main.ts'\nimport { buildApp } from './app.ts'",
    'src/server.ts': "import { buildApp } from './app.ts'\nimport { parseConfig } from './config.ts'",
    'simulator/main.ts': "import { roster } from '../src/models/builtin-roster.ts'",
  })
  expect(broken).toEqual([])
})
