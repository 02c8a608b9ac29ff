import { createHmac } from 'node:crypto'
import { checkDependencies } from './adapters/dependencies.ts'
import { createDescribe } from './adapters/network.ts'
import { readProtobuf, writeProtobuf } from './adapters/protobuf.ts'
import { isTrial } from './config/index.ts'
import type { openFeatures } from './features/index.ts'
import { createHttpApp } from './http/create-app.ts'
import { createHealth, type Health } from './http/health.ts'
import { createReplay } from './http/replay.ts'
import type { OpenWorld } from './open-world.ts'

type Features = ReturnType<typeof openFeatures>

/** The health of the adapters that this process needs, and of the features. */
export const openHealth = (
  { world: { db, store, clock, random } }: OpenWorld,
  { declared }: Features,
  isDraining: () => boolean,
) =>
  createHealth({
    checkDependencies: async () => [
      ...(await checkDependencies(db, store, random)),
      ...declared.health.map(({ name, problem }) => ({ name, problem: problem(), required: false })),
    ],
    isDraining,
    elapsedMs: clock.elapsed,
  })

/** The server's HTTP side: what its stages ask of the adapters and the features. */
export const openHttp = (
  { world, logger, metrics, admission }: OpenWorld,
  features: Features,
  health: Health,
) => {
  const { config, store, clock, random, key, sealer } = world
  const { apps, tickets, declared } = features
  const randomId = () => random.bytes(8).toString('hex')
  return createHttpApp({
    config,
    logger,
    admission,
    randomId,
    describeAddress: createDescribe(),
    checkBan: ({ text }) => features.checkBan(text),
    checkRateLimit: features.checkRateLimit,
    now: clock.now,
    elapsedMs: clock.elapsed,
    isOriginListed: apps.isOriginListed,
    observe: metrics?.observe,
    operations: declared.operations,
    pages: declared.pages,
    endpoints: declared.endpoints,
    drawNonce: () => random.bytes(16).toString('base64'),
    writeFrame: writeProtobuf,
    authenticate: tickets.authenticate,
    checkText: features.checkText,
    health,
    isTrial: isTrial(config),
    isWithin: world.isWithin,
    envelope: {
      openTotp: features.openTotp,
      openSealed: features.openSealed,
      readFrame: readProtobuf,
      checkApp: apps.check,
      checkDeviceApp: apps.checkDevice,
    },
    replay: createReplay({
      store,
      sealer,
      digest: (bytes) =>
        createHmac('sha256', key.ticket).update('replay\0').update(bytes).digest('base64url'),
      randomId,
      elapsedMs: () => performance.now(),
      runWithoutSlot: admission.runWithoutSlot,
      isReplyCurrent: async (payload) => tickets.isPairCurrent(JSON.parse(payload).tickets ?? {}),
    }),
  })
}
