/** Opens the adapters, in the order in which a failure costs least: what the configuration alone shows comes first. */
import { setImmediate } from 'node:timers/promises'
import { createBatch, runAll } from './adapters/batch.ts'
import { createBcryptPool } from './adapters/bcrypt/pool.ts'
import { createDrawGlyphs } from './adapters/captcha-glyphs.ts'
import { loadSimplified } from './adapters/chinese.ts'
import { type Clock, systemClock } from './adapters/clock.ts'
import { createSealer, nodeCrypto } from './adapters/crypto.ts'
import { createCursors } from './adapters/cursors.ts'
import { ensureMigrated } from './adapters/db/migrate.ts'
import { openDb } from './adapters/db/open.ts'
import { readDomainList, toAsciiDomain } from './adapters/domains.ts'
import { createOutgoingFetch } from './adapters/fetch.ts'
import { createJwtSigner } from './adapters/jwt.ts'
import { nodeKeyPrimitives, openIdentityKey, openUnwrapKey } from './adapters/key-crypto.ts'
import type { Logger } from './adapters/logger.ts'
import { openLookAlikes } from './adapters/look-alikes.ts'
import { readTemplateFiles } from './adapters/message-templates.ts'
import { isWithin, networkOf } from './adapters/network.ts'
import { createPasswordLists } from './adapters/password-lists.ts'
import { loadPhones } from './adapters/phone-numbers.ts'
import { loadProtobuf } from './adapters/protobuf.ts'
import { openProviders } from './adapters/providers/open.ts'
import { type Random, systemRandom } from './adapters/random.ts'
import { createScryptPool } from './adapters/scrypt-pool.ts'
import { createSenders, type Senders } from './adapters/senders.ts'
import { listRing, newestKeys, openServerKey } from './adapters/server-key.ts'
import { checkVerbs } from './adapters/store/check.ts'
import { measureStore } from './adapters/store/measured.ts'
import { openStore } from './adapters/store/open.ts'
import { createTextListAdapters } from './adapters/text-lists/open.ts'
import { openCallWebhook } from './adapters/webhook-call.ts'
import { type Config, isEmbedded, isTrial } from './config/index.ts'
import type { World } from './features/feature.ts'
import {
  checkKeyRings,
  checkPins,
  checkWrites,
  openPasswordCosts,
  openRecover,
  reservedKeys,
} from './features/index.ts'
import { createAdmission } from './http/admission.ts'
import { findLanguage } from './http/language.ts'

export type WorldOptions = { config: Config; logger: Logger; clock?: Clock; random?: Random }

type Closable = { close(): Promise<unknown> }

const readTemplates = ({ mail, sms }: Config) => ({
  email: readTemplateFiles(mail.templates, 'mail.templates (TORII__MAIL__TEMPLATES)'),
  phone: readTemplateFiles(sms.templates, 'sms.templates (TORII__SMS__TEMPLATES)'),
})

const loadsOf = (senders: Senders) =>
  Object.values(senders).flatMap((sender) => (sender ? [sender.load] : []))

/** Everything but the features. Throws StartError, PinError or a Failure that says what is away. */
export const openWorld = async (options: WorldOptions) => {
  const { config, logger, clock = systemClock, random = systemRandom } = options
  const opened: Closable[] = []
  const close = async () => {
    for (const part of opened.splice(0)) await part.close()
  }
  try {
    const passwordLists = createPasswordLists(config.password)
    await passwordLists.load()
    const senders = createSenders({ config, clock, logger, isTrial: isTrial(config) })
    const templateFiles = readTemplates(config)
    const key = openServerKey(config.security, { create: isEmbedded(config), random })
    if (config.database.write.length === 0) {
      const { ownSqlite } = await import('./adapters/db/sqlite-owner.ts')
      opened.unshift(await ownSqlite(config.database.file))
    }
    for (const warning of await ensureMigrated({ config: config.database, clock })) logger.warn(warning)
    const db = await openDb({ config: config.database, logger, clock })
    opened.unshift(db)
    await checkPins(db, {
      serverKeyFingerprint: key.fingerprint,
      passwordCosts: config.password,
      clientSalt: config.password.clientSalt,
    })
    await checkKeyRings(db, newestKeys(key))
    await checkWrites(db, random)
    const metrics = config.metrics.enabled ? (await import('./http/metrics.ts')).createMetrics() : undefined
    const recover = openRecover({ config, db, crypto: nodeCrypto, createBatch })
    const unmeasured = await openStore({
      config: config.store,
      clock,
      logger,
      recover,
      reserved: reservedKeys,
    })
    opened.unshift(unmeasured)
    await checkVerbs(unmeasured, random)
    for (const warning of await unmeasured.findWarnings()) logger.warn(`store: ${warning}`)
    const bcryptPool = createBcryptPool(config.password)
    opened.unshift(bcryptPool)
    const scryptPool = createScryptPool(config.password)
    const admission = createAdmission({ ...config.server, elapsedMs: clock.elapsed })
    const drawGlyphs = createDrawGlyphs()
    const fetchOutgoing = createOutgoingFetch({ config: config.outgoing, isTrial: isTrial(config) })
    const sealer = createSealer(key.atRest, random)
    const world: World = {
      config,
      isTrial: isTrial(config),
      db,
      clock,
      random,
      crypto: nodeCrypto,
      networkOf,
      textLists: createTextListAdapters({ config, clock }),
      unmask: openLookAlikes(),
      loadSimplified,
      toAsciiDomain,
      loadPhones,
      findSaltKey: async () => key.saltKey,
      refusedDomains: readDomainList(config.addresses.refusedDomainsFile, 'addresses.refusedDomainsFile'),
      store: metrics ? measureStore(unmeasured, metrics.observeStore) : unmeasured,
      key,
      identities: listRing(key.identity).map(openIdentityKey),
      unwrapKeys: key.rsa ? listRing(key.rsa).map(openUnwrapKey) : [],
      jwt: createJwtSigner(key.signing, config.tickets.jwtAlgorithm),
      keyPrimitives: nodeKeyPrimitives,
      sealer,
      cursors: createCursors(sealer),
      createBatch,
      hashPassword: (...work) => admission.runWithoutSlot(() => bcryptPool.hash(...work)),
      hashInBackground: bcryptPool.hash,
      slowDown: (...work) => admission.runWithoutSlot(() => scryptPool.slowDown(...work)),
      providers: openProviders({ rows: config.providers, fetch: fetchOutgoing, clock }),
      withoutSlot: admission.runWithoutSlot,
      isWithin,
      passwordCosts: await openPasswordCosts(db, config.password),
      passwordLists,
      drawGlyphs,
      senders,
      callWebhook: openCallWebhook({ config, clock, isTrial: isTrial(config) }),
      templateFiles,
      logger,
      giveWay: () => setImmediate(),
      chooseLanguage: (language) => findLanguage(language, config.languages),
    }
    return {
      world,
      logger,
      metrics,
      admission,
      passwordsWaiting: () => bcryptPool.waiting() + scryptPool.waiting(),
      /** What the first call that needs it would load: by then an upgrade may have replaced the packages. */
      loadRest: () => {
        const chinese = config.words.foldChinese ? [loadSimplified] : []
        const loadFont = async () => drawGlyphs('a', { width: 80, height: 30 })
        const ofProviders = [...world.providers.values()].map(({ load }) => load)
        const always = [bcryptPool.start, loadProtobuf, loadPhones, loadFont]
        return runAll([...always, ...chinese, ...loadsOf(senders), ...ofProviders])
      },
      close,
    }
  } catch (error) {
    await close().catch(() => {})
    throw error
  }
}

export type OpenWorld = Awaited<ReturnType<typeof openWorld>>
