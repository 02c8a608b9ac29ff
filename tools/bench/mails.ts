/**
 * How many mails a process takes from its outbox to an SMTP server on this machine, over TLS:
 * `node dist/tools/bench/mails.js`. It needs no callers, so it is not a row of `npm run bench`.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { SMTPServer } from 'smtp-server'
import { systemClock } from '../../src/adapters/clock.ts'
import { createSealer } from '../../src/adapters/crypto.ts'
import { createMigrator } from '../../src/adapters/db/migrate.ts'
import { openDb } from '../../src/adapters/db/open.ts'
import { systemRandom as random } from '../../src/adapters/random.ts'
import { generateServerKey, openServerKey } from '../../src/adapters/server-key.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createAdd } from '../../src/features/outbox/add.ts'
import { findFreePort } from '../test/harness.ts'
import { startDatabases } from './databases.ts'
import { readUse, startWatched } from './processes.ts'

const count = 10_000
const atOnce = 50
const fixture = (file: string) => fileURLToPath(import.meta.resolve(`#root/tests/fixtures/store-tls/${file}`))
const serverFile = fileURLToPath(import.meta.resolve('#root/dist/src/server.js'))

const openSmtp = async () => {
  const taken = { count: 0, firstAt: 0, lastAt: 0 }
  const server = new SMTPServer({
    key: readFileSync(fixture('server.key')),
    cert: readFileSync(fixture('server.pem')),
    authOptional: true,
    onData: (stream, _session, done) => {
      stream.resume().on('end', () => {
        taken.count++
        taken.lastAt = performance.now()
        taken.firstAt ||= taken.lastAt
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { taken, port: (server.server.address() as AddressInfo).port, close: () => server.close() }
}

const fill = async (environment: Record<string, string>) => {
  const config = loadConfig(environment)
  await createMigrator({ config: config.database }).up()
  const db = await openDb({ config: config.database })
  const { atRest } = openServerKey(config.security, { create: false, random })
  const { add } = createAdd({
    clock: systemClock,
    random,
    sealer: createSealer(atRest, random),
    backlog: { isFull: () => false, noteAdded: () => {} },
    isSetUp: () => true,
    noteRefused: () => {},
  })
  const variables = { code: '314159', minutes: '10', purpose: 'login', place: '192.0.2.7', device: 'a phone' }
  for (let at = 0; at < count; at += atOnce) {
    const some = Array.from({ length: atOnce }, (_, more) => `user${at + more}@mail.example`)
    const message = { channel: 'email', kind: 'code', language: 'zh-CN', appId: '', variables } as const
    await Promise.all(some.map((to) => add(db.write, { ...message, to })))
  }
  await db.close()
}

const folder = await mkdtemp(join(tmpdir(), 'torii-mails-'))
const databases = await startDatabases(folder)
const smtp = await openSmtp()
try {
  const port = await findFreePort()
  const { host, port: databasePort, user, password } = databases.primary
  const environment = {
    NODE_ENV: 'production',
    TORII__SERVER__PORT: String(port),
    TORII__SECURITY__SERVER_KEY: generateServerKey(random),
    TORII__DATABASE__WRITE: JSON.stringify([
      { host, port: databasePort, user, password, database: databases.database },
    ]),
    TORII__STORE__URL: databases.redis.url,
    TORII__METRICS__ENABLED: 'false',
    TORII__MAIL__FROM: 'no-reply@login.example',
    TORII__MAIL__SMTP__HOST: 'localhost',
    TORII__MAIL__SMTP__PORT: String(smtp.port),
    TORII__MAIL__SMTP__TLS_CA_FILE: fixture('ca.pem'),
    TORII__MAIL__SMTP__CONNECTIONS: process.argv[2] ?? '5',
  }
  await fill(environment)
  const command = [process.execPath, serverFile]
  const server = await startWatched({ name: 'torii', command, environment, core: undefined, port, folder })
  const before = readUse(server.pid)?.cpuSeconds ?? 0
  while (smtp.taken.count < count) await delay(50)
  const cpuMs = ((readUse(server.pid)?.cpuSeconds ?? 0) - before) * 1_000
  const { firstAt, lastAt } = smtp.taken
  const rate = Math.round((count / (lastAt - firstAt)) * 1_000)
  process.stdout.write(`${rate} mails/s, ${(cpuMs / count).toFixed(2)} ms of CPU for each\n`)
  await server.stop()
} finally {
  smtp.close()
  await databases.stop()
  await rm(folder, { recursive: true, force: true })
}
