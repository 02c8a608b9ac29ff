/** Re-authentication: a login becomes fresh again without a new one. */
import { feature, operation, type World } from '../feature.ts'
import type { Codes } from '../verification/api.ts'
import { createReauth, type ReauthNeeds } from './reauth.ts'
import { reauthShape } from './wire.ts'

export type ReauthFeatureNeeds = Omit<ReauthNeeds, 'db'> & { codes: Pick<Codes, 'handle'> }

export const reauth = feature({
  create: ({ db }: World, needs: ReauthFeatureNeeds) => {
    const { begin, reauth } = createReauth({ ...needs, db })
    needs.codes.handle('confirm', { begin })
    return {
      api: {},
      operations: [
        operation(reauthShape)(async (input, caller) => ({ code: 'OK', ...(await reauth(input, caller)) })),
      ],
    }
  },
})
