/** The outbox: mail and SMS are rows, written with what they tell of and sent by any process. */
import type { PageRequest } from '../../http/pages.ts'
import { feature, type World } from '../feature.ts'
import { createAdd } from './add.ts'
import type { Outbox } from './api.ts'
import { openBody } from './body.ts'
import { renderOutbox, type ShownMessage } from './page.ts'
import { findMessages, removeOldMessages } from './repo.ts'
import type { OutboxRow } from './tables.ts'

const mostShown = 50

export const outbox = feature({
  create: (world: World) => {
    const { config, isTrial } = world
    const api: Outbox = { check: () => {}, add: createAdd(world) }
    return {
      api,
      pages: isTrial
        ? [
            {
              path: '/dev/outbox',
              method: 'GET' as const,
              limit: 'other',
              isForThisMachine: true as const,
              render: createRender(world),
            },
          ]
        : [],
      retention: [{ name: 'outbox', keptMs: config.outbox.keptSeconds * 1_000, remove: removeOldMessages }],
    }
  },
})

const createRender = ({ db, sealer }: World) => {
  const show = ({ messageId, hint, kind, state, problem, createdAt, body }: OutboxRow): ShownMessage => {
    const opened = body ? openBody(sealer, messageId, body) : undefined
    const text = JSON.stringify(opened?.variables ?? {}, null, 1)
    return { to: opened?.to ?? hint, kind, state, problem, createdAt, text }
  }
  return async ({ caller, nonce }: PageRequest) => {
    const rows = await findMessages(db.write, mostShown)
    return { html: renderOutbox(rows.map(show), caller.language, nonce) }
  }
}
