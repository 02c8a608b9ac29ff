/** What the curve alone costs: a fresh P-256 key and one derivation, in µs of CPU, as the server does both. */
import { nodeKeyPrimitives } from '../../src/adapters/key-crypto.ts'

const rounds = 3_000
const other = nodeKeyPrimitives.createExchangeKey().point
const exchange = () => nodeKeyPrimitives.createExchangeKey().deriveX(other)

for (let round = 0; round < rounds / 10; round++) exchange()
const before = process.cpuUsage()
for (let round = 0; round < rounds; round++) exchange()
const { user, system } = process.cpuUsage(before)
console.log((user + system) / rounds)
