/** Which hash is of which cost, whatever the client was told when it asked. */
import t from 'tap'
import { labelHashes, type SentHashes } from '../../src/features/accounts/hashes.ts'

const still = { cost: 10, nextCost: 0, previousCost: 0 }
const raising = { cost: 10, nextCost: 12, previousCost: 0 }
const raised = { cost: 12, nextCost: 0, previousCost: 10 }
const again = { cost: 12, nextCost: 14, previousCost: 10 }

const [clientHash, nextClientHash, previousClientHash] = ['own', 'next', 'previous']

const rows: [title: string, sent: SentHashes, now: typeof still, byCost: Record<number, string>][] = [
  ['one hash', { clientHash }, still, { 10: 'own' }],
  ['one hash during a raise', { clientHash }, raising, { 10: 'own' }],
  ['one hash after it', { clientHash }, raised, { 12: 'own' }],
  ['a next hash that no one asked for', { clientHash, nextClientHash }, still, { 10: 'own' }],
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
