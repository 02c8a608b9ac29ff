/** Adds messages to the outbox of a server under test, as a feature would. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../src/adapters/clock.ts'
import { createSealer } from '../../../src/adapters/crypto.ts'
import type { Db } from '../../../src/adapters/db/index.ts'
import { systemRandom } from '../../../src/adapters/random.ts'
import { generateServerKey, openServerKey } from '../../../src/adapters/server-key.ts'
import { createAdd } from '../../../src/features/outbox/add.ts'
import type { Message } from '../../../src/features/outbox/api.ts'
import type { OutboxRow } from '../../../src/features/outbox/tables.ts'
import type { Environment } from '../../harness/test-server.ts'

export const createKeyEnvironment = (): Environment => ({
  TORII__SECURITY__SERVER_KEY: generateServerKey(systemRandom),
})

export type AddNeeds = { environment: Environment; db: Pick<Db, 'write'>; clock: Clock }

export const code: Message = {
  channel: 'email',
  to: 'amber@mail.example',
  kind: 'code',
  language: 'en',
  appId: 'test',
  variables: { code: '314159', minutes: '10', purpose: 'login' },
}

/** `environment` has the server key, or the file of it. */
export const createAdder = ({ environment, db, clock }: AddNeeds) => {
  const { TORII__SECURITY__SERVER_KEY: serverKey = '', TORII__SECURITY__KEY_FILE: keyFile = '' } = environment
  const key = openServerKey({ keyFile, serverKey }, { create: false, random: systemRandom })
  const { add } = createAdd({
    clock,
    random: systemRandom,
    sealer: createSealer(key.atRest, systemRandom),
    backlog: { isFull: () => false, noteAdded: () => {} },
    isSetUp: () => true,
    noteRefused: () => {},
  })
  const rows = (): Promise<OutboxRow[]> =>
    db.write.selectFrom('outbox').selectAll().orderBy('messageId').execute()
  return {
    rows,
    /** By the beginning of the hint: `a…` for amber@mail.example. */
    find: async (hint: string) => (await rows()).find((row) => row.hint.startsWith(hint)),
    add: (more: Partial<Message> = {}) => add(db.write, { ...code, ...more }),
    states: async (): Promise<string[]> => {
      const rows = await db.write.selectFrom('outbox').select('state').orderBy('messageId').execute()
      return rows.map(({ state }) => state)
    },
  }
}

export const uniqueAddress = () => `${randomBytes(4).toString('hex')}@mail.example`
