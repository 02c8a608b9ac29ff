/** Passwords: which are good enough, and how one is changed. */

import type { PasswordLists } from '../../adapters/password-lists.ts'
import type { CallerApp } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { CredentialsService } from '../accounts/api.ts'
import type { Addresses } from '../addresses/api.ts'
import { type AdminWorld, feature, operation, type World } from '../feature.ts'
import type { Keys } from '../key-exchange/api.ts'
import type { Codes } from '../verification/api.ts'
import type { PasswordQuality } from './api.ts'
import { createChange } from './change.ts'
import { createQuality, printRange } from './quality.ts'
import { createReset } from './reset.ts'
import { createResetPages, resetPath } from './reset-page.ts'
import { changeShape, loginsShape, prefixPattern, rangeShape, resetShape } from './wire.ts'

const rangePath = `${rangeShape.path}/`
const isPrefix = new RegExp(prefixPattern)

export const passwordAdmin = feature({
  create: ({ crypto }: AdminWorld) => ({
    api: {
      /** For a command that has opened the lists. */
      openQuality: (lists: PasswordLists): PasswordQuality => ({
        check: createQuality({ crypto, lists }).check,
      }),
    },
  }),
})

export const passwordQuality = feature({
  create: ({ crypto, passwordLists }: World) => {
    const { check, findRange } = createQuality({ crypto, lists: passwordLists })
    const api: PasswordQuality = { check }
    return {
      api,
      operations: [
        operation(rangeShape)(async ({ prefixes }) => {
          const ranges = await Promise.all(
            prefixes.map(async (prefix) => ({ prefix, suffixes: printRange(await findRange(prefix)) })),
          )
          return { code: 'OK', ranges }
        }),
      ],
      // For programs that know the form of Have I Been Pwned: they need another base URL, and no app.
      pages: [
        {
          path: `${rangePath}:prefix`,
          method: 'GET' as const,
          limit: rangeShape.limit,
          render: async ({ path }) => {
            const prefix = path.slice(rangePath.length).toUpperCase()
            if (!isPrefix.test(prefix)) throw new Failure('PARAMETER_INVALID', { info: 'five hex digits' })
            const file = printRange(await findRange(prefix)).join('\r\n')
            return { file, type: 'text/plain; charset=utf-8', cacheSeconds: 3_600 }
          },
        },
      ],
      health: [{ name: 'passwords', problem: passwordLists.problem }],
    }
  },
})

export type PasswordsNeeds = {
  credentials: CredentialsService
  keys: Pick<Keys, 'prove'>
  quality: PasswordQuality
  addresses: Pick<Addresses, 'findOwner'>
  codes: Pick<Codes, 'consume' | 'handle'>
  findApp(appId: string): Promise<CallerApp | undefined>
}

export const passwords = feature({
  create: ({ db, clock, sealer, config }: World, needs: PasswordsNeeds) => {
    const freshChange = { ...changeShape, maxAuthAgeSeconds: config.password.freshSeconds }
    const { change, findLogins } = createChange(needs)
    const { begin, reset, resetOnly } = createReset({ ...needs, db, clock, sealer })
    // A form is a plain call.
    const hasForm = config.security.profile !== 'strict'
    needs.codes.handle('reset', { begin, page: hasForm ? resetPath : undefined })
    return {
      api: {},
      pages: hasForm ? createResetPages({ findApp: needs.findApp, resetOnly }) : [],
      operations: [
        operation(loginsShape)(async (_input, caller) => ({ code: 'OK', ...(await findLogins(caller)) })),
        operation(freshChange)(async (input, caller) => ({ code: 'OK', ...(await change(input, caller)) })),
        operation(resetShape)(async (input, caller) => ({ code: 'OK', ...(await reset(input, caller)) })),
      ],
    }
  },
})
