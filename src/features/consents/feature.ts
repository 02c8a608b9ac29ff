/** Consents: what users agree to for third-party apps, which get OpenKeys for it. */
import { utf8 } from '../../protocol/bytes.ts'
import type { Apps } from '../apps/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import { type AdminWorld, feature, operation, type Personal, type World } from '../feature.ts'
import type { Tickets } from '../tickets/api.ts'
import type { Consents } from './api.ts'
import { createConsents } from './consents.ts'
import {
  findConsent,
  findConsentsOf,
  removeConsentsOfApp,
  removeRevokedConsents,
  revokeConsentsOf,
} from './repo.ts'
import { readScopes } from './scopes.ts'
import { grantConsentShape, listConsentsShape, revokeConsentShape } from './wire.ts'

export { findConsentGate } from './repo.ts'

const keptMs = 24 * 3_600_000

export const consents = feature({
  create: ({ clock }: AdminWorld) => {
    const api: Consents = {
      find: async (db, userId, appId) => {
        const row = await findConsent(db, userId, appId)
        if (!row || row.scopes === '') return undefined
        const { openId, epoch } = row
        return { scopes: readScopes(row.scopes), openId, epoch }
      },
      removeOf: (trx, userId) => revokeConsentsOf(trx, { userId, revokedAt: clock.now() }),
      removeOfApp: removeConsentsOfApp,
    }
    const personal: Personal = {
      name: 'consents',
      collect: async (db, userId) => ({
        rows: (await findConsentsOf(db, userId)).map(({ userId: _own, epoch: _epoch, ...shown }) => shown),
      }),
      remove: api.removeOf,
    }
    return {
      api,
      personal: [personal],
      retention: [{ name: 'revoked consents', keptMs, remove: removeRevokedConsents }],
    }
  },
})

export type ConsentChangesNeeds = {
  apps: Apps
  tickets: Pick<Tickets, 'closeConsent'>
  recordAudit: RecordAudit
  recordChange: RecordChange
}

/** What a logged-in user does with consents. */
export const consentChanges = feature({
  create: (world: World, needs: ConsentChangesNeeds) => {
    const { db, clock, crypto, key } = world
    const openIdKey = crypto.hmacSha256(key.saltKey, utf8('openid'))
    const rules = createConsents({ ...needs, db, clock, crypto, openIdKey })
    return {
      api: {},
      operations: [
        operation(listConsentsShape)(async (_input, caller) => ({
          code: 'OK',
          consents: await rules.list(caller),
        })),
        operation(grantConsentShape)(async ({ grantTo, scopes = [] }, caller) => ({
          code: 'OK',
          consent: await rules.grant(caller, grantTo, scopes),
        })),
        operation(revokeConsentShape)(async ({ revokeFrom }, caller) => {
          await rules.revoke(caller, revokeFrom)
          return { code: 'OK' }
        }),
      ],
      onChange: [{ kind: 'consent', apply: rules.applyChange, missed: 'each' }],
    }
  },
})
