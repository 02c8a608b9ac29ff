/** Logging in by a provider: the way to it and back, and the identities that users have linked. */

import type { OpenProvider, Providers } from '../../adapters/providers/driver.ts'
import type { Language } from '../../protocol/errors.ts'
import type {
  AddressLogins,
  CredentialsService,
  findAccountOfUser,
  Opening,
  RegisterProven,
} from '../accounts/api.ts'
import type { Addresses } from '../addresses/api.ts'
import type { Apps } from '../apps/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordEvent } from '../events/api.ts'
import { type AdminWorld, feature, operation, type Personal, type World } from '../feature.ts'
import type { Keys } from '../key-exchange/api.ts'
import type { Outbox } from '../outbox/api.ts'
import type { Tickets } from '../tickets/api.ts'
import type { CheckText } from '../words/api.ts'
import type { Identities } from './api.ts'
import { createCallback } from './callback.ts'
import { createFinish } from './finish.ts'
import { createFlows } from './flows.ts'
import { createJoin } from './join.ts'
import { createLink } from './link.ts'
import { createProve } from './prove.ts'
import { deleteIdentitiesOf, findIdentitiesOf } from './repo.ts'
import { callbackPath, createStart, isFor } from './start.ts'
import { createTell } from './tell.ts'
import { finishShape, linkShape, listShape, providersShape, startShape, unlinkShape } from './wire.ts'

const describeProvider = ({ provider, driver }: OpenProvider, language: Language) => {
  const { name, title, titleChinese, kind, acceptsNativeCode } = provider
  return {
    provider: name,
    title: language === 'zh-CN' ? titleChinese : title,
    kind,
    native: [...(driver.finishIdToken ? ['idToken'] : []), ...(acceptsNativeCode ? ['providerCode'] : [])],
  }
}

const findProblem = (providers: Providers): string =>
  [...providers.values()].map(({ problem }) => problem()).find((problem) => problem !== '') ?? ''

export const identities = feature({
  create: (_world: AdminWorld) => {
    const api: Identities = {
      findNames: async (db, userId) => (await findIdentitiesOf(db, userId)).map(({ provider }) => provider),
      removeOf: deleteIdentitiesOf,
    }
    const collect: Personal['collect'] = async (db, userId) => ({
      rows: (await findIdentitiesOf(db, userId)).map(({ userId: _own, subject, ...shown }) => ({
        ...shown,
        subject: subject.toString(),
      })),
    })
    return { api, personal: [{ name: 'identities' as const, collect, remove: deleteIdentitiesOf }] }
  },
})

export type OauthNeeds = {
  apps: Pick<Apps, 'hasRedirect'>
  keys: Pick<Keys, 'prove' | 'end'>
  addresses: Addresses
  addressLogins: AddressLogins
  credentials: CredentialsService
  opening: Opening
  registerProven: RegisterProven
  findAccountOfUser: typeof findAccountOfUser
  tickets: Pick<Tickets, 'isLive' | 'endAll' | 'endChosen' | 'findKeys'>
  outbox: Pick<Outbox, 'add' | 'canSend'>
  checkText: CheckText
  recordAudit: RecordAudit
  recordEvent: RecordEvent
}

export const oauth = feature({
  create: (world: World, needs: OauthNeeds) => {
    const { providers, config, logger } = world
    const publicUrl = config.server.publicUrl.replace(/\/+$/, '')
    const flows = createFlows(world)
    const prove = createProve({ flows, providers, withoutSlot: world.withoutSlot })
    const start = createStart({ flows, providers, publicUrl, hasRedirect: needs.apps.hasRedirect })
    const tell = createTell({ ...needs, store: world.store, providers })
    const finish = createFinish({
      ...needs,
      ...world,
      flows,
      prove,
      tell,
      join: createJoin({ ...needs, clock: world.clock }),
      keys: needs.keys,
      checkNickName: (name) => needs.checkText(name, 'mask', 'name'),
    })
    const { link, unlink, list } = createLink({ ...needs, db: world.db, clock: world.clock, prove, tell })
    const render = createCallback({ flows, providers, publicUrl, logger })
    const page = { path: `${callbackPath}:provider`, limit: 'oauth', render }
    const fresh = { maxAuthAgeSeconds: config.password.freshSeconds }
    return {
      api: {},
      health: [{ name: 'providers', problem: () => findProblem(providers) }],
      operations: [
        operation(providersShape)(async (_input, { app, language }) => ({
          code: 'OK',
          providers: [...providers.values()]
            .filter((found) => isFor(found, app.appId))
            .map((found) => describeProvider(found, language)),
        })),
        operation(startShape)(async (input, caller) => ({ code: 'OK', ...(await start(input, caller)) })),
        operation(finishShape)(async (input, caller) => ({
          code: 'LOGGED_IN',
          ...(await finish(input, caller)),
        })),
        operation({ ...linkShape, ...fresh })(async (input, caller) => ({
          code: 'OK',
          identity: await link(input, caller),
        })),
        operation({ ...unlinkShape, ...fresh })(async (input, caller) => {
          await unlink(input.unlink, caller)
          return { code: 'OK' }
        }),
        operation(listShape)(async (_input, caller) => ({ code: 'OK', identities: await list(caller) })),
      ],
      pages: [
        { ...page, method: 'GET' as const },
        // Apple posts a form.
        { ...page, method: 'POST' as const },
      ],
    }
  },
})
