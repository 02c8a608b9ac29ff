/** Passwords of protocol.md, section 9, and verifiers of RFC 7636. */
import { createHash, randomBytes } from 'node:crypto'
import { hash } from 'bcryptjs'
import { isJson, type Json, type Line, text } from './client.ts'

/** Stands in for the least cost of a real client, which is 10. */
const leastCost = 4

const at = async (typed: string, salt: string, cost: number): Promise<string> => {
  const md5 = createHash('md5').update(typed).digest('hex')
  return (await hash(md5, `$2b$${String(cost).padStart(2, '0')}$${salt}`)).slice(-31)
}

const costIn = (reply: Json, name: string): number => {
  const member = reply[name]
  return isJson(member) ? Number(member.cost) : 0
}

export type Prelogin = { salt: string; cost: number; next: number; previous: number }

export async function prelogin(line: Line, login: string): Promise<Prelogin> {
  const { body } = await line.call('/v1/prelogin', { login })
  if (body.code !== 1000000 || body.kdf !== 'md5-bcrypt') throw new Error(JSON.stringify(body))
  const next = costIn(body, 'next')
  return { salt: text(body, 'salt'), cost: Number(body.cost), next, previous: costIn(body, 'previous') }
}

/** What a login says of its password; `salt` goes along where an operation wants it. */
export async function hashes(typed: string, { salt, cost, next, previous }: Prelogin): Promise<Json> {
  const found: Json = { clientHash: await at(typed, salt, cost) }
  if (next > 0) found.nextClientHash = await at(typed, salt, next)
  if (previous >= leastCost) found.previousClientHash = await at(typed, salt, previous)
  return found
}

export function drawVerifier(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}
