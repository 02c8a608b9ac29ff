/** What processes that share a database have put into its outbox. */
import { createSealer } from '../../src/adapters/crypto.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import { openServerKey } from '../../src/adapters/server-key.ts'
import { loadConfig } from '../../src/config/load.ts'
import { openBody } from '../../src/features/outbox/body.ts'
import type { openShared } from './test-server.ts'

/** The newest first. */
export const readOutbox = async ({ db, environment }: Awaited<ReturnType<typeof openShared>>) => {
  const { security } = loadConfig(environment)
  const key = openServerKey(security, { create: false, random: systemRandom })
  const sealer = createSealer(key.atRest, systemRandom)
  const rows = await db.write.selectFrom('outbox').selectAll().orderBy('messageId', 'desc').execute()
  return rows.flatMap(({ messageId, kind, body }) =>
    body ? [{ kind, ...openBody(sealer, messageId, body) }] : [],
  )
}
