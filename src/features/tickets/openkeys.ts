/** What an OpenKey has otherwise than its parent: it is for a third-party app, and shows it an OpenID alone. */
import type { Db } from '../../adapters/db/index.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Apps } from '../apps/api.ts'
import type { Consents } from '../consents/api.ts'
import type { SignTicket } from '../signed-tickets/api.ts'
import type { ExchangeTarget } from './exchange.ts'

export type OpenKeyNeeds = {
  db: Db
  apps: Pick<Apps, 'findThirdParty' | 'findName'>
  consents: Pick<Consents, 'find'>
  sign: SignTicket
}

const lifeMs = 2 * 3_600_000

export const createOpenKeyTarget =
  ({ db, apps, consents, sign }: OpenKeyNeeds): ExchangeTarget =>
  async ({ userId }, { app: appId, scopes: asked }) => {
    if (appId === undefined) throw new Failure('PARAMETER_MISSING', { info: 'app' })
    const app = await apps.findThirdParty(appId)
    if (!app) throw new Failure('NOT_IN_LIST', { info: 'app' })
    const consent = await consents.find(db.write, userId, appId)
    // What an administrator has taken from the app since is not given any more.
    const given = consent?.scopes.filter((scope) => scope === 'openid' || app.scopes.includes(scope)) ?? []
    const wanted = asked ?? given
    const missing = (consent ? wanted : ['openid', ...wanted]).filter((scope) => !given.includes(scope))
    if (!consent || missing.length > 0) {
      const name = (await apps.findName(appId)) ?? ''
      const members = { app: appId, name, scopes: [...new Set(missing)] }
      throw new Failure('CONSENT_NEEDED', { members })
    }
    return {
      appId,
      openId: consent.openId,
      consentEpoch: consent.epoch,
      scopes: ['openid', ...new Set(wanted.filter((scope) => scope !== 'openid'))],
      lifeMs,
      ...(app.ticketFormat === 'jwt' && { sign }),
    }
  }
