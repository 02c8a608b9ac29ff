/** What a feature is: what it may use, what it declares, and how an operation is held to its own shape. */
import type { Static } from 'typebox'
import type { CreateBatch } from '../adapters/batch.ts'
import type { DrawGlyphs } from '../adapters/captcha-glyphs.ts'
import type { Clock } from '../adapters/clock.ts'
import type { Sealer, ServerCrypto } from '../adapters/crypto.ts'
import type { Cursors } from '../adapters/cursors.ts'
import type { Db, Executor } from '../adapters/db/index.ts'
import type { Retention } from '../adapters/db/retention.ts'
import type { Tables } from '../adapters/db/tables.ts'
import type { Job } from '../adapters/jobs.ts'
import type { JwtSigner } from '../adapters/jwt.ts'
import type { IdentityKey, UnwrapKey } from '../adapters/key-crypto.ts'
import type { Logger } from '../adapters/logger.ts'
import type { TemplateFiles } from '../adapters/message-templates.ts'
import type { PasswordLists } from '../adapters/password-lists.ts'
import type { ReadPhone } from '../adapters/phone-numbers.ts'
import type { Providers } from '../adapters/providers/driver.ts'
import type { Random } from '../adapters/random.ts'
import type { Senders } from '../adapters/senders.ts'
import type { ServerKey } from '../adapters/server-key.ts'
import type { Store } from '../adapters/store/index.ts'
import type { TextListAdapters } from '../adapters/text-lists/open.ts'
import type { CallWebhook } from '../adapters/webhook-call.ts'
import type { Config } from '../config/index.ts'
import type { AppCaller, Caller, Operation, OperationShape, TicketCaller } from '../http/caller.ts'
import type { Endpoint } from '../http/endpoints.ts'
import type { Page } from '../http/pages.ts'
import type { Language, SuccessName } from '../protocol/errors.ts'
import type { KeyPrimitives } from '../protocol/primitives.ts'
import type { ChangeListener } from './change-log/api.ts'

/** What every feature may use. The command line has this much: the database alone. */
export type AdminWorld = {
  config: Config
  db: Db
  clock: Clock
  random: Random
  /** The person who acts, for the audit events; none in a server. */
  actor?: string | undefined
  crypto: ServerCrypto
  /** The first `bits` bits of an address as canonical CIDR. */
  networkOf(address: string, bits: number): string
  textLists: TextListAdapters
  /** Replaces characters by those that they look like (UTS 39). */
  unmask(text: string): string
  loadSimplified(): Promise<(text: string) => string>
  /** A-labels in lower case, by UTS 46; empty for what cannot be a domain. */
  toAsciiDomain(domain: string): string
  loadPhones(): Promise<ReadPhone>
  /** The key of the server that is never rotated; undefined: the command line cannot read it. */
  findSaltKey(): Promise<Uint8Array | undefined>
  /** Domains whose addresses cannot be registered. */
  refusedDomains: ReadonlySet<string>
}

/** What a running server has beside it. */
export type World = AdminWorld & {
  /** Plain calls from this machine are answered without TLS. */
  isTrial: boolean
  store: Store
  key: ServerKey
  identities: readonly IdentityKey[]
  unwrapKeys: readonly UnwrapKey[]
  jwt: JwtSigner
  keyPrimitives: KeyPrimitives
  sealer: Sealer
  cursors: Cursors
  createBatch: CreateBatch
  /** bcrypt off the event loop, bounded: throws OVERLOADED. */
  hashPassword(text: string, salt: string, cost: number): Promise<string>
  /** The same for work that no call waits for. */
  hashInBackground(text: string, salt: string, cost: number): Promise<string>
  /** scrypt 2^15/8/3, for hashes under one fixed salt; bounded: throws OVERLOADED. */
  slowDown(secret: Uint8Array, salt: Uint8Array): Promise<Uint8Array>
  /** The bcrypt costs that count now; 0: none. */
  passwordCosts: {
    now(): { cost: number; nextCost: number; previousCost: number }
    load(): Promise<void>
  }
  passwordLists: PasswordLists
  providers: Providers
  /** For a write alone, which holds a slot: waits for `work` without it, so that a slow server elsewhere delays no others. */
  withoutSlot<T>(work: () => Promise<T>): Promise<T>
  isWithin(address: string, network: string): boolean
  chooseLanguage(language: string | undefined): Language | undefined
  drawGlyphs: DrawGlyphs
  senders: Senders
  callWebhook: CallWebhook
  templateFiles: { email: TemplateFiles; phone: TemplateFiles }
  logger: Pick<Logger, 'info' | 'warn'>
  /** Lets others go first. */
  giveWay(): Promise<unknown>
}

type Sample = { labels: Record<string, string>; value: number }
type CacheFacts = { size: number; hits: number; misses: number }

/**
 * A table that holds something of a user: what its export shows, and how it is erased. Declared by what works on the
 * database alone, so that the command line erases the same.
 */
export type Personal = {
  name: keyof Tables
  /** At most 1,000 rows behind `after`, in the order of a key. Never a secret, a hash, or what is another user's. */
  collect(
    db: Executor,
    userId: number,
    after: string | undefined,
  ): Promise<{ rows: unknown[]; next?: string | undefined }>
  /** Small: part of the transaction that erases. Without both, the rows are kept. */
  remove?(trx: Executor, userId: number): Promise<void>
  /** Large: at most so many rows, by an index; how many. Called again until it is 0, by any process. */
  removeSome?(db: Executor, userId: number, most: number): Promise<number>
}

/** The lists that all features add to. */
type Declared = {
  operations: Operation
  pages: Page
  endpoints: Endpoint
  /** What this process holds of rows that another process may change. */
  onChange: ChangeListener
  jobs: Job
  /** Each writes what was gathered since its last call; called every few seconds and at the end. */
  flush: () => Promise<void>
  /** Rows that leave by age. */
  retention: Retention
  personal: Personal
  caches: { cache: string; facts(): CacheFacts }
  /** What does not stop the server from serving; `/readyz` tells it. Empty: nothing is wrong. */
  health: { name: string; problem(): string }
  /** A name that ends in `_total` is a counter. */
  gauges: { name: string; labelNames: readonly string[]; help: string; read(): Sample[] }
  /** Answers the calls that wait; called at the beginning of the end, perhaps twice. */
  drain: () => void
  /** Called once, when the server closes. */
  close: () => Promise<unknown>
}

/** What a feature brings: an `api` for the features behind it in the index, and its rows of each list. */
export type Parts<Api> = { api: Api } & { [Name in keyof Declared]?: readonly Declared[Name][] }

export type Feature<W, Needs, Api> = { create: (world: W, needs: Needs) => Parts<Api> }

export const feature = <W, Needs, Api>(declared: Feature<W, Needs, Api>): Feature<W, Needs, Api> => declared

export type Collected = { [Name in keyof Declared]: Declared[Name][] }

/** Creates features one after another and collects what they declare. */
export const createHouse = <W>(world: W) => {
  const collected: Collected = {
    operations: [],
    pages: [],
    endpoints: [],
    onChange: [],
    jobs: [],
    flush: [],
    retention: [],
    personal: [],
    caches: [],
    health: [],
    gauges: [],
    drain: [],
    close: [],
  }
  const collect = <Name extends keyof Declared>(name: Name, rows: readonly Declared[Name][] = []) =>
    collected[name].push(...rows)
  return {
    collected,
    add: <Needs, Api>({ create }: Feature<W, Needs, Api>, needs: NoInfer<Needs>): Api => {
      const { api, ...parts } = create(world, needs)
      for (const name of Object.keys(collected) as (keyof Declared)[]) collect(name, parts[name] as never)
      return api
    },
  }
}

export type House<W> = {
  collected: Collected
  add<Needs, Api>(feature: Feature<W, Needs, Api>, needs: NoInfer<Needs>): Api
}

type CallerOf<S extends OperationShape> = S extends { bare: true }
  ? Caller
  : S extends { consumesTicket: true }
    ? AppCaller
    : S extends { tiers: readonly unknown[] }
      ? TicketCaller
      : AppCaller

/** Headers of a JSON reply, such as how long it may be kept; no member of it. */
type Headed = { headers?: Record<string, string> }
type ReplyOf<S extends OperationShape> = { code: SuccessName } & Headed & Static<S['reply']>

/** The members of a reply that its shape does not have: TypeScript itself accepts them in what a function returns. */
type Unknown<Reply, Known> = Reply extends unknown ? Exclude<keyof Reply, keyof Known> : never
type NoUnknown<Names> = [Names] extends [never] ? unknown : { 'not in the shape of the reply': Names }

/** An operation with its handler: input, caller and reply follow from the shape. A handler returns or throws. */
export const operation =
  <const S extends OperationShape>(shape: S) =>
  <Reply extends ReplyOf<S>>(
    handle: (
      input: Static<S['input']>,
      caller: CallerOf<S>,
    ) => Promise<Reply & NoUnknown<Unknown<Reply, ReplyOf<S>>>>,
  ): Operation => ({
    ...shape,
    // The border: validation, app and ticket have been checked against the same shape before.
    handle: handle as unknown as Operation['handle'],
  })
