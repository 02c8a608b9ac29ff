/** Tickets and logins: how one begins, is checked, exchanged, resumed and ended. */
import type { Db } from '../../adapters/db/index.ts'
import type { Store } from '../../adapters/store/index.ts'
import { Failure } from '../../protocol/errors.ts'
import type {
  CheckActive,
  IsHeldUp,
  LockAccount,
  MarkUsed,
  RaiseEpoch,
  TellDisabled,
} from '../accounts/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { Businesses } from '../businesses/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import type { DeviceSlots } from '../devices/api.ts'
import type { RecordEvent } from '../events/api.ts'
import { type AdminWorld, feature, operation, type World } from '../feature.ts'
import type { Keys } from '../key-exchange/api.ts'
import type { Roles } from '../roles/api.ts'
import { consentGateKey, createCloseConsent } from './consent-gates.ts'
import { createEnds, type Ends } from './ends.ts'
import { collectLogins } from './of-user/personal.ts'
import { hideLogins } from './of-user/repo.ts'
import { createOpenKeyTarget, type OpenKeyNeeds } from './openkeys.ts'
import { createPSKeyTarget } from './pskeys.ts'
import { createTicketRecovery, markKey, markStore, type TicketRecoveryNeeds } from './recovery.ts'
import { removeOldLogins } from './repo.ts'
import { createSKeys, gateKeys } from './skeys.ts'
import { createTickets, type TicketsService } from './tickets.ts'
import { exchangeShape, logoutShape, sessionShape } from './wire.ts'

/** Keys that find room in a store that is full. */
export const reservedTicketKeys = [...gateKeys, consentGateKey, markKey]

const markMs = 400
/** A device that has logged in before stays known for a year after its login has ended. */
const loginsKeptMs = 365 * 24 * 3_600_000

type SKeyWorld = Pick<World, 'config' | 'crypto' | 'createBatch'>

const createSKeysIn = (store: Store, { config: { tickets }, crypto, createBatch }: SKeyWorld) =>
  createSKeys({
    store,
    primitives: crypto,
    createBatch,
    lifeMs: tickets.skeySeconds * 1_000,
    idleMs: tickets.skeyIdleSeconds * 1_000,
  })

/** What a store has to be told that has lost its latest writes; it is opened before the features that use it. */
export const createRecover = (
  world: SKeyWorld & { db: Db },
  needs: Pick<TicketRecoveryNeeds, 'findChanged' | 'findConsentGate' | 'tellDisabled'>,
) => createTicketRecovery({ ...needs, db: world.db, createSKeys: (store) => createSKeysIn(store, world) })

export const loginEnds = feature({
  create: (_world: AdminWorld, { recordEvent }: { recordEvent: RecordEvent }) => ({
    api: createEnds(recordEvent),
    personal: [{ name: 'logins' as const, collect: collectLogins, removeSome: hideLogins }],
  }),
})

export type TicketsFeatureNeeds = {
  ends: Ends
  recordAudit: RecordAudit
  recordChange: RecordChange
  raiseEpoch: RaiseEpoch
  markUsed: MarkUsed
  isHeldUp: IsHeldUp
  lockAccount: LockAccount
  checkActive: CheckActive
  tellDisabled: TellDisabled
  checkRole: Roles['check']
  slots: DeviceSlots
  prolongKey: Keys['prolong']
  /** Remembers that a user has logged in on a device. */
  noteLogin(deviceId: string): void
  businesses: Pick<Businesses, 'find' | 'serves'>
} & Omit<OpenKeyNeeds, 'db'>

export const tickets = feature({
  create: (world: World, needs: TicketsFeatureNeeds) => {
    const { db, clock, random, crypto, config, store, createBatch } = world
    const tickets = createTickets({
      db,
      clock,
      random,
      crypto,
      skeys: createSKeysIn(store, world),
      closeConsent: createCloseConsent(store),
      ticketKey: world.key.ticket,
      ends: needs.ends,
      recordAudit: needs.recordAudit,
      recordChange: needs.recordChange,
      raiseEpoch: needs.raiseEpoch,
      markUsed: needs.markUsed,
      isHeldUp: needs.isHeldUp,
      lockAccount: needs.lockAccount,
      checkActive: needs.checkActive,
      tellDisabled: needs.tellDisabled,
      checkRole: needs.checkRole,
      slots: needs.slots,
      prolongKey: needs.prolongKey,
      noteLogin: needs.noteLogin,
      businesses: needs.businesses,
      targets: {
        pskey: createPSKeyTarget(needs.businesses, needs.sign),
        openkey: createOpenKeyTarget({ ...needs, db }),
      },
      createBatch,
      lives: config.tickets,
      replicaLagBudgetMs: config.database.replicaLagBudgetMs,
    })
    const mark = () => markStore(store, clock.now(), config.tickets.skeySeconds * 1_000)
    return {
      api: tickets,
      operations: createOperations(tickets),
      onChange: [
        {
          kind: 'account',
          apply: (userId: string) => tickets.applyAccountChange(Number(userId)),
          missed: 'each',
        },
        { kind: 'login', apply: tickets.applyLoginChange, missed: 'each' },
      ],
      jobs: [{ everyMs: markMs, name: 'mark the store', work: mark }],
      flush: tickets.flushes,
      retention: [{ name: 'logins', keptMs: loginsKeptMs, remove: removeOldLogins }],
    }
  },
})

const seconds = (ms: number) => Math.floor(ms / 1_000)

const createOperations = (tickets: TicketsService) => [
  operation(sessionShape)(async ({ token }, caller) => {
    const result = await tickets.check(token, caller)
    if (result.state === 'unknown') throw new Failure('NOT_LOGGED_IN')
    if (result.state === 'ended') return { code: 'TICKET_ENDED', reason: result.reason, ...result.told }
    const { ticket } = result
    return {
      code: 'TICKET_VALID',
      user: { userId: String(ticket.userId), ...ticket.user },
      tier: ticket.tier,
      issuedAt: seconds(ticket.issuedAt),
      expiresAt: seconds(ticket.expiresAt),
      idleAt: seconds(ticket.idleAt),
      ...(ticket.business !== undefined && { business: ticket.business }),
    }
  }),
  operation(exchangeShape)(async (input, caller) => ({
    code: 'OK',
    ...(await tickets.exchange(input, caller)),
  })),
  operation(logoutShape)(async ({ everywhere = false }, caller) => {
    await tickets.logout(caller, everywhere)
    return { code: 'LOGGED_OUT' }
  }),
]
