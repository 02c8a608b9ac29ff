/** The programs that may call the server, and their provisioned devices. */
import type { CallerApp } from '../../http/caller.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import type { Consents } from '../consents/api.ts'
import { type AdminWorld, feature, operation, type World } from '../feature.ts'
import type { WebhookAdmin } from '../webhooks/api.ts'
import { type Apps, type AppsNeeds, createApps } from './apps.ts'
import { createDeviceAdmin } from './device-admin.ts'
import { createDevices } from './devices.ts'
import { echo } from './echo.ts'
import { createProvisioning } from './provisioning.ts'
import { removeExpiredDevices } from './repo.ts'
import { echoShape, provisionShape } from './wire.ts'

export type AppsFeatureNeeds = {
  recordAudit: RecordAudit
  recordChange: RecordChange
  consents: Pick<Consents, 'removeOfApp'>
  users: AppsNeeds['users']
  webhooks: Pick<WebhookAdmin, 'removeOfApp'>
}

export const apps = feature({
  create: ({ db, clock, random, crypto, config }: AdminWorld, needs: AppsFeatureNeeds) => {
    const { origins } = config.server
    const api = createApps({ db, clock, random, crypto, origins, ...needs })
    return { api, onChange: [{ kind: 'apps', apply: api.reload, isWhole: true, missed: 'any' }] }
  },
})

export const deviceAdmin = feature({
  create: (
    { db }: AdminWorld,
    { recordAudit, recordChange }: { recordAudit: RecordAudit; recordChange: RecordChange },
  ) => ({ api: createDeviceAdmin({ db, recordAudit, recordChange }) }),
})

export const devices = feature({
  create: (world: World, { apps, recordChange }: { apps: Apps; recordChange: RecordChange }) => {
    const { db, clock, random, sealer, config } = world
    const devices = createDevices({
      db,
      clock,
      createBatch: world.createBatch,
      sealer,
      primitives: world.crypto,
      findApp: (appId: string): Promise<CallerApp | undefined> => apps.find(appId),
      chooseLanguage: world.chooseLanguage,
      recordChange,
      compensation: config.transport.totpCompensation,
      idleSeconds: config.provisioning.idleSeconds,
      replicaLagBudgetMs: config.database.replicaLagBudgetMs,
    })
    const { flushUse } = devices
    const limits = config.provisioning
    const provision = createProvisioning({ db, clock, random, sealer, apps, limits, flushUse })
    return {
      api: devices,
      operations: [
        operation(provisionShape)(async (input, caller) => ({
          code: 'OK',
          ...(await provision(input, caller)),
        })),
        operation(echoShape)(async (input) => ({ ...echo(input), code: 'OK' })),
      ],
      onChange: [{ kind: 'device', apply: devices.forget, missed: 'any' }],
      flush: devices.flushes,
      retention: [{ name: 'devices', keptMs: 0, remove: removeExpiredDevices }],
      caches: [{ cache: 'devices', facts: devices.cacheFacts }],
    }
  },
})
