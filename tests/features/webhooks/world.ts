/** A server with webhooks, receivers on loopback, and events as a feature records them. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { createSealer } from '../../../src/adapters/crypto.ts'
import type { Db, Executor } from '../../../src/adapters/db/index.ts'
import { systemRandom } from '../../../src/adapters/random.ts'
import { openServerKey } from '../../../src/adapters/server-key.ts'
import { createAdmin } from '../../../src/admin.ts'
import type { Config } from '../../../src/config/index.ts'
import type { NewEvent } from '../../../src/features/events/api.ts'
import type { DeliveryRow } from '../../../src/features/webhooks/tables.ts'
import { plant } from '../../harness/planted.ts'
import {
  createTestClock,
  type Environment,
  openShared,
  openTestServer,
  until,
} from '../../harness/test-server.ts'
import { createKeyEnvironment } from '../outbox/world.ts'

export type Payload = {
  type: string
  timestamp: string
  data: { userId: string; number: number; app?: string; otherId?: string; detail: Record<string, unknown> }
}
export type Call = { headers: Record<string, string>; body: string; payload: Payload }
type Answer = (call: Call, response: ServerResponse) => void

export const answer =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_call, response) => {
    response.writeHead(status, headers).end()
  }

export type Receiver = { calls: Call[]; reply: Answer; url: string; close(): Promise<void> }

/** `reply` may be exchanged while it listens. */
export const openReceiver = async (
  t: Pick<Test, 'teardown'>,
  reply: Answer = answer(204),
): Promise<Receiver> => {
  const calls: Call[] = []
  const receiver: Receiver = { calls, reply, url: '', close: async () => {} }
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      const call = { headers: request.headers as Record<string, string>, body, payload: JSON.parse(body) }
      calls.push(call)
      receiver.reply(call, response)
    })
  }
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`
  receiver.close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return receiver
}

/** What administrators and features do, on the database of a server. */
export const createActs = (
  db: Db,
  config: Config,
  clock = { now: Date.now, elapsed: () => performance.now() },
) => {
  const key = openServerKey(config.security, { create: false, random: systemRandom })
  const sealer = createSealer(key.atRest, systemRandom)
  const admin = createAdmin({ db, config, clock })
  const rows = (): Promise<DeliveryRow[]> =>
    db.write.selectFrom('deliveries').selectAll().orderBy('userId').orderBy('number').execute()
  /** A command reads the list of webhooks once: these events are those of one command. */
  const recordIn = async (trx: Executor, ...events: NewEvent[]) => {
    const { recordEvent } = createAdmin({ db, config, clock })
    for (const event of events) await recordEvent(trx, event)
  }
  return {
    admin,
    sealer,
    rows,
    add: async (appId: string, url: string, kinds: readonly string[] = []) => {
      const added = await admin.webhooks.add(sealer, { appId, url, kinds })
      if (!added) throw new Error('the webhook was not added')
      plant(added.secret)
      return added
    },
    recordIn,
    record: (...events: NewEvent[]) => db.transaction((trx) => recordIn(trx, ...events)),
    webhook: async (webhookId: string) => {
      const row = await admin.webhooks.find(webhookId)
      if (!row) throw new Error('no such webhook')
      return row
    },
    untilEmpty: (what: string, step = () => {}, ms = 30_000) =>
      until(
        what,
        async () => {
          step()
          return (await rows()).length === 0
        },
        ms,
      ),
  }
}

export const engines: [name: string, open: (t: Test) => Promise<Environment>][] = [
  ['SQLite', async () => createKeyEnvironment()],
  [
    'MariaDB',
    async (t) => {
      const shared = await openShared()
      t.teardown(() => shared.close())
      return shared.environment
    },
  ],
]

export const openWorld = async (t: Test, environment: Environment = createKeyEnvironment()) => {
  const clock = createTestClock(Date.now())
  const world = await openTestServer({ environment, clock })
  t.teardown(() => world.close())
  const { db } = world.server
  return { world, clock, db, appId: world.app.appId, ...createActs(db, world.config, clock) }
}
