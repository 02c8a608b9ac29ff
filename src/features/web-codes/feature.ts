/** Web codes: a web page takes over a login from the app that opened it, without a ticket in any URL. */
import type { AppCaller, CallerApp, TicketCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import { feature, operation, type World } from '../feature.ts'
import type { Tickets } from '../tickets/api.ts'
import { createCodes, webCodeSeconds } from './codes.ts'
import { type RedeemInput, type RedeemReply, redeemShape, type WebCodeInput, webCodeShape } from './wire.ts'

export type WebCodesNeeds = {
  findApp(appId: string): Promise<CallerApp | undefined>
  tickets: Pick<Tickets, 'takeOver'>
}

export const webCodes = feature({
  create: ({ store, random, crypto }: World, { findApp, tickets }: WebCodesNeeds) => {
    const codes = createCodes({ store, random, crypto })

    const findTarget = async ({ app }: WebCodeInput, caller: AppCaller): Promise<string> => {
      const { appId, jumpsTo } = caller.app
      if (app === undefined || app === appId) return appId
      const target = jumpsTo.includes(app) ? await findApp(app) : undefined
      // A third-party app gets OpenKeys, and never an SKey.
      if (!target || target.isThirdParty) throw new Failure('JUMP_REFUSED')
      return app
    }

    const give = async (input: WebCodeInput, caller: TicketCaller): Promise<string> => {
      const { loginId, expiresAt, authenticatedAt, minStrength } = caller.ticket
      const appId = await findTarget(input, caller)
      const takes = { loginId, expiresAt, authenticatedAt }
      return codes.create({ appId, challenge: input.challenge, takes, minStrength })
    }

    const redeem = async ({ webCode, verifier }: RedeemInput, caller: AppCaller): Promise<RedeemReply> => {
      if (!codes.isStrongEnough(webCode, caller.strength)) {
        throw new Failure('ENCRYPTION_REQUIRED', { info: 'This login was made in a sealed envelope.' })
      }
      const grant = await codes.take(webCode, caller.app.appId, verifier)
      if (!grant) throw new Failure('WEB_CODE_INVALID')
      const taken = await tickets.takeOver(grant.takes, caller)
      if (!taken) throw new Failure('WEB_CODE_INVALID')
      const { userId, userName, nickName } = taken.account
      return { user: { userId: String(userId), userName, nickName }, tickets: { skey: taken.skey } }
    }

    return {
      api: {},
      operations: [
        operation(webCodeShape)(async (input, caller) => ({
          code: 'OK',
          webCode: await give(input, caller),
          expiresSeconds: webCodeSeconds,
        })),
        operation(redeemShape)(async (input, caller) => ({
          code: 'LOGGED_IN',
          ...(await redeem(input, caller)),
        })),
      ],
    }
  },
})
