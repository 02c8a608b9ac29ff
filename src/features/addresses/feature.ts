/** E-mail addresses and phone numbers: their canonical form, and the accounts that have verified them. */

import type { PageRequest } from '../../http/pages.ts'
import type { AddressLogins, CredentialsService } from '../accounts/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordEvent } from '../events/api.ts'
import { type AdminWorld, feature, operation, type World } from '../feature.ts'
import type { Holds } from '../holds/api.ts'
import type { Identities } from '../oauth/api.ts'
import type { Outbox } from '../outbox/api.ts'
import type { Tickets } from '../tickets/api.ts'
import type { Codes } from '../verification/api.ts'
import { createAddresses } from './addresses.ts'
import type { Addresses } from './api.ts'
import { createChange, purposeOf } from './change.ts'
import { createNotify, undoPath } from './notify.ts'
import { renderAnswer, renderAsk } from './pages.ts'
import { personal } from './personal.ts'
import { findAddressesOf, removeOldAddressChanges } from './repo.ts'
import { createUndo } from './undo.ts'
import { changeShape, listShape, removeShape } from './wire.ts'

export const addresses = feature({
  create: (
    { clock, config, toAsciiDomain, loadPhones, refusedDomains }: AdminWorld,
    { holds }: { holds: Holds },
  ) => ({
    api: createAddresses({
      clock,
      holds,
      defaultRegion: config.addresses.defaultRegion,
      toAsciiDomain,
      loadPhones,
      refusedDomains,
    }),
    personal,
  }),
})

export type AddressChangesNeeds = {
  addresses: Addresses
  addressLogins: AddressLogins
  holds: Holds
  codes: Codes
  credentials: CredentialsService
  tickets: Pick<Tickets, 'isLive' | 'endAll'>
  outbox: Pick<Outbox, 'add' | 'canSend'>
  identities: Identities
  recordAudit: RecordAudit
  recordEvent: RecordEvent
}

const dayMs = 24 * 3_600_000

/** What a logged-in user does with addresses, and the way back. */
export const addressChanges = feature({
  create: (world: World, needs: AddressChangesNeeds) => {
    const { db, clock, config } = world
    const { addresses: known, codes } = needs
    const notify = createNotify({ ...world, outbox: needs.outbox })
    const fresh = { maxAuthAgeSeconds: config.password.freshSeconds }
    const { begin, finish, remove } = createChange({ ...needs, addresses: known, db, notify })
    const undo = createUndo({ ...needs, db, clock, crypto: world.crypto })
    codes.handle(purposeOf.email, { verify: finish('email') })
    codes.handle(purposeOf.phone, { verify: finish('phone') })
    return {
      api: {},
      operations: [
        operation(listShape)(async (_input, { ticket }) => {
          const rows = await findAddressesOf(db.write, ticket.userId)
          const list = rows.map(({ kind, text, verifiedAt }) => ({
            kind,
            address: text,
            verifiedAt: Math.floor(verifiedAt / 1_000),
          }))
          return { code: 'OK', addresses: list }
        }),
        operation({ ...changeShape, ...fresh })(async (input, caller) => ({
          code: 'OK',
          ...(await begin(input, caller)),
        })),
        operation({ ...removeShape, ...fresh })(async (input, caller) => {
          await remove(input, caller)
          return { code: 'OK' }
        }),
      ],
      pages: [
        {
          path: undoPath,
          method: 'GET' as const,
          limit: 'other',
          render: ({ caller }: PageRequest) => renderAsk(caller.language),
        },
        {
          path: undoPath,
          method: 'POST' as const,
          limit: 'other',
          render: async ({ caller, parameters }: PageRequest) => {
            const isDone = await undo(parameters.get('secret') ?? '')
            return renderAnswer(caller.language, isDone)
          },
        },
      ],
      retention: [{ name: 'changed addresses', keptMs: 30 * dayMs, remove: removeOldAddressChanges }],
    }
  },
})
