/** Which hash is of which cost, whatever the client was told when it asked. */
import t from 'tap'
import { nodeCrypto } from '../../src/adapters/crypto.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import { labelHashes, type SentHashes } from '../../src/features/accounts/hashes.ts'
import { createNewVerifiers } from '../../src/features/accounts/new-verifiers.ts'
import { createPasswords } from '../../src/features/accounts/passwords.ts'
import { costOf, createVerifiers } from '../../src/features/accounts/verifier.ts'

const still = { cost: 10, nextCost: 0, previousCost: 0 }
const raising = { cost: 10, nextCost: 12, previousCost: 0 }
const raised = { cost: 12, nextCost: 0, previousCost: 10 }
const again = { cost: 12, nextCost: 14, previousCost: 10 }

const [clientHash, nextClientHash, previousClientHash] = ['own', 'next', 'previous']

const rows: [title: string, sent: SentHashes, now: typeof still, byCost: Record<number, string>][] = [
  ['one hash', { clientHash }, still, { 10: 'own' }],
  ['one hash during a raise', { clientHash }, raising, { 10: 'own' }],
  ['one hash after it', { clientHash }, raised, { 12: 'own' }],
  ['a next hash that was not asked for', { clientHash, nextClientHash }, still, { 10: 'own' }],
  ['both during a raise', { clientHash, nextClientHash }, raising, { 10: 'own', 12: 'next' }],
  ['both after it, told before', { clientHash, nextClientHash }, raised, { 10: 'own', 12: 'next' }],
  ['both after it', { clientHash, previousClientHash }, raised, { 12: 'own', 10: 'previous' }],
  [
    'told by a process that knows of the end earlier',
    { clientHash, previousClientHash },
    raising,
    { 12: 'own', 10: 'previous' },
  ],
  [
    'all three during the next raise',
    { clientHash, nextClientHash, previousClientHash },
    again,
    { 12: 'own', 14: 'next', 10: 'previous' },
  ],
]

for (const [title, sent, now, byCost] of rows)
  t.test(title, async (t) => t.strictSame(Object.fromEntries(labelHashes(sent, now)), byCost))

t.test('the hash for the number of a new account is of the cost that the client was told', async (t) => {
  const costs = { ...still }
  const key = Buffer.alloc(32, 1)
  const passwords = createPasswords({
    crypto: nodeCrypto,
    saltKey: key,
    clientSalt: '',
    costs: () => costs,
    hashPassword: async () => 'never called',
  })
  const verifiers = createVerifiers({
    crypto: nodeCrypto,
    random: systemRandom,
    pepper: { current: 'one', keys: { one: key } },
    slowDown: async (digest) => digest,
  })
  const { createOf } = createNewVerifiers({ passwords, verifiers, random: systemRandom })
  const loginKey = Buffer.from('name:amber')
  const [own, next] = ['a'.repeat(31), 'b'.repeat(31)]
  const input = {
    regmode: 'anonymous',
    user: { userName: 'amber' },
    salt: passwords.saltFrom(loginKey),
    clientHash: own,
    number: { salt: `${'n'.repeat(21)}.`, clientHash: own },
  }
  const costsOf = async (sent: { nextClientHash?: string }, now: typeof still) => {
    Object.assign(costs, now)
    const made = await createOf({ ...input, ...sent }, loginKey)
    return [made.own.verifier, made.number.verifier].map(costOf)
  }
  t.strictSame(await costsOf({}, still), [10, 10])
  t.strictSame(await costsOf({ nextClientHash: next }, raising), [10, 10])
  t.strictSame(await costsOf({ nextClientHash: next }, raised), [12, 10], 'told before the end of it')
  t.strictSame(await costsOf({}, raised), [12, 12])
})
