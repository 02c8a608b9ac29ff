/**
 * What does not compile: each line below a `@ts-expect-error` is a planted error, and the types step of `npm test` fails
 * if the compiler accepts it.
 */
import t from 'tap'
import { createHouse, feature, operation } from '../../src/features/feature.ts'
import type { AppCaller, Caller, OperationShape, TicketCaller } from '../../src/http/caller.ts'
import { Type } from '../../src/protocol/schema.ts'

const open = {
  path: '/v1/a',
  aliases: [],
  summary: 'An operation of an app',
  limit: 'a',
  replay: 'read',
  input: Type.Object({ name: Type.String(), size: Type.Optional(Type.Integer()) }),
  reply: Type.Object({ count: Type.Integer(), tickets: Type.Optional(Type.String()) }),
} as const satisfies OperationShape
const bare = { ...open, bare: true } as const satisfies OperationShape
const tiered = { ...open, tiers: ['skey'] } as const satisfies OperationShape
const consuming = { ...tiered, consumesTicket: true } as const satisfies OperationShape

const needy = feature({ create: (_: object, { needed }: { needed: number }) => ({ api: needed }) })
const storing = feature({ create: ({ store }: { store: number }) => ({ api: store }) })

/** Never called: the compiler alone reads it. */
export const planted = () => [
  // @ts-expect-error `ticket` is not a member of the reply
  operation(open)(async () => ({ code: 'OK', count: 1, ticket: 'a' })),
  // @ts-expect-error nor of one of two replies
  operation(open)(async () => (open ? { code: 'OK', count: 1 } : { code: 'OK', count: 2, ticket: 'a' })),
  // @ts-expect-error `count` is left out
  operation(open)(async () => ({ code: 'OK', tickets: 'a' })),
  // @ts-expect-error `count` is a number
  operation(open)(async () => ({ code: 'OK', count: '1' })),
  // @ts-expect-error there is no such code
  operation(open)(async () => ({ code: 'FINE', count: 1 })),
  // @ts-expect-error a refusal is thrown, not returned
  operation(open)(async () => ({ code: 'LOGIN_FAILED', count: 1 })),
  // @ts-expect-error `nome` is not a member of the input
  operation(open)(async ({ nome }) => ({ code: 'OK', count: Number(nome) })),
  // @ts-expect-error `size` may be missing
  operation(open)(async ({ size }) => ({ code: 'OK', count: size })),
  // @ts-expect-error no ticket is there
  operation(open)(async (_, caller: TicketCaller) => ({ code: 'OK', count: caller.ticket.userId })),
  // @ts-expect-error a bare operation knows no app
  operation(bare)(async (_, caller: AppCaller) => ({ code: 'OK', count: caller.app.appId.length })),
  // @ts-expect-error an operation that consumes its ticket judges it itself
  operation(consuming)(async (_, { ticket }) => ({ code: 'OK', count: ticket.userId })),
  // @ts-expect-error the need of the feature is missing
  createHouse({}).add(needy, {}),
  // @ts-expect-error this world has no store
  createHouse({ db: 1 }).add(storing, {}),
]

t.test('an operation is its shape and its handler, whose input and caller follow from it', async (t) => {
  const operations = [
    operation(open)(async ({ name, size = 0 }, { app }) => ({
      code: 'OK',
      count: name.length + size + app.appId.length,
    })),
    operation(bare)(async ({ name }, { app }) => ({ code: 'OK', count: name.length + (app ? 1 : 0) })),
    operation(tiered)(async ({ name }, { ticket }) => ({ code: 'OK', count: name.length + ticket.userId })),
    operation(consuming)(async ({ name }, { ticket }) => ({
      code: 'OK',
      count: name.length + (ticket ? 1 : 0),
    })),
  ]
  const caller = { app: { appId: 'app' }, ticket: { userId: 10 } } as Caller
  const replies = await Promise.all(operations.map(({ handle }) => handle({ name: 'a' }, caller)))
  t.strictSame(
    replies.map((reply) => ({ ...reply })),
    [4, 2, 11, 2].map((count) => ({ code: 'OK', count })),
  )
  t.strictSame(
    operations.map(({ handle: _, ...shape }) => shape),
    [open, bare, tiered, consuming],
  )
})

t.test('a house collects what its features declare, and hands on what they offer', async (t) => {
  const house = createHouse({ name: 'world' })
  const flush = async () => {}
  const first = feature({ create: ({ name }: { name: string }) => ({ api: { name }, flush: [flush] }) })
  const second = feature({
    create: (_: object, needs: { name: string }) => ({ api: needs.name, flush: [flush], jobs: [] }),
  })
  t.equal(house.add(second, house.add(first, {})), 'world')
  t.same(house.collected.flush, [flush, flush])
  t.same(house.collected.operations, [])
})
