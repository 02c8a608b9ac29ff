/** Flows: a code is sent to an address, and the right one does once what it was sent for. */
import type { Clock } from '../../adapters/clock.ts'
import type { Sealer, ServerCrypto } from '../../adapters/crypto.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import type { Config } from '../../config/index.ts'
import { utf8 } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Asked, Codes, Found, Sent } from './api.ts'
import { openBody, sealBody } from './body.ts'
import { drawCode, readCode } from './digits.ts'
import { readFlow, writeFlow } from './flow-name.ts'
import type { Post } from './message.ts'
import { findFlow, insertFlow, renewFlow, tryCode } from './repo.ts'
import type { CheckSend } from './send-checks.ts'
import type { CodeFlowRow } from './tables.ts'

export type CodesNeeds = {
  db: Db
  clock: Clock
  random: Random
  crypto: ServerCrypto
  sealer: Sealer
  key: Uint8Array
  config: Config['codes']
  /** Captcha, limits and budget, in this order. */
  check: CheckSend
  /** Puts the message of a flow into the outbox. */
  post: Post
}

const flowIdBytes = 16
const macBytes = 32
/** Codes can be sent again in a flow for so long; then it begins anew. */
const flowLifeMs = 3_600_000

export const createCodes = (needs: CodesNeeds) => {
  const { db, clock, random, crypto, sealer, key, config, check, post } = needs
  const lifeMs = config.lifeSeconds * 1_000
  const mostTries = config.tries

  const macOf = (flowId: Buffer, code: string) =>
    Buffer.from(crypto.hmacSha256(key, Buffer.concat([flowId, utf8(code)])))

  /** Of a flow that sends no code, no code is right. */
  const draw = (flowId: Buffer, asWhat: CodeFlowRow['asWhat']) => {
    const code = drawCode(random)
    const mac = macOf(flowId, code)
    return asWhat === 'code' ? { code, mac } : { code: '', mac: random.bytes(macBytes) }
  }

  const sent = (flow: string, { address }: Found): Sent => ({
    flow,
    kind: address.kind,
    resendSeconds: config.resendSeconds,
    expiresSeconds: config.lifeSeconds,
  })

  const send: Codes['send'] = async (asked) => {
    const { purpose, caller, asWhat } = asked
    await check(asked)
    const flowId = random.bytes(flowIdBytes)
    const { code, mac } = draw(flowId, asWhat)
    const nowMs = clock.now()
    const expiresAt = nowMs + lifeMs
    const flow = writeFlow(purpose, flowId)
    const body = sealBody(sealer, flowId, asked)
    const times = { sentAt: nowMs, expiresAt, usedAt: null, createdAt: nowMs }
    await db.transaction(async (trx) => {
      await insertFlow(trx, {
        flowId,
        purpose,
        appId: caller.app.appId,
        mac,
        asWhat,
        body,
        tries: 0,
        ...times,
      })
      await post(trx, asked, { flow, code, expiresAt })
    })
    return sent(flow, asked)
  }

  /** Why a flow is not good for another try or code; a flow of another app or purpose is like none. */
  const judgeOver = (row: CodeFlowRow | undefined) =>
    new Failure(row && row.usedAt === null && row.tries >= mostTries ? 'CODE_TRIES' : 'CODE_EXPIRED')

  /** Another code for a flow. What it is about, and how often codes were tried, stays. */
  const resend = async (
    flow: string,
    { caller, captcha }: Pick<Asked, 'caller' | 'captcha'>,
  ): Promise<Sent> => {
    const read = readFlow(flow)
    if (!read) throw new Failure('CODE_EXPIRED')
    const flowKey = { ...read, appId: caller.app.appId }
    const row = await findFlow(db.write, flowKey)
    const bornAfter = clock.now() - flowLifeMs
    if (!row || row.usedAt !== null || row.tries >= mostTries || row.createdAt <= bornAfter)
      throw judgeOver(row)
    const { flowId, purpose, asWhat } = row
    const asked: Asked = { ...openBody(sealer, flowId, row.body), purpose, asWhat, caller, captcha }
    await check(asked)
    const { code, mac } = draw(flowId, asWhat)
    const nowMs = clock.now()
    const expiresAt = nowMs + lifeMs
    await db.transaction(async (trx) => {
      const renewed = { ...flowKey, mac, nowMs, expiresAt, bornAfter, mostTries }
      if (!(await renewFlow(trx, renewed))) throw judgeOver(await findFlow(trx, flowKey))
      await post(trx, asked, { flow, code, expiresAt })
    })
    return sent(flow, asked)
  }

  const consume: Codes['consume'] = async ({ flow, code, purpose, caller, address }, use) => {
    const read = readFlow(flow)
    if (read?.purpose !== purpose) throw new Failure('CODE_EXPIRED')
    // What cannot be a code costs no try.
    const typed = readCode(code)
    if (typed === undefined) throw new Failure('CODE_WRONG')
    const { flowId } = read
    const flowKey = { flowId, purpose, appId: caller.app.appId }
    const mac = macOf(flowId, typed)
    const outcome = await db.transaction(async (trx) => {
      const isJudged = await tryCode(trx, { ...flowKey, mac, nowMs: clock.now(), mostTries })
      const row = await findFlow(trx, flowKey)
      if (!row || !isJudged) return { failure: judgeOver(row) }
      // Returned, not thrown: the try counts.
      if (row.usedAt === null) return { failure: wrong(mostTries - row.tries) }
      const found = openBody(sealer, flowId, row.body)
      if (address && !address.key.equals(found.address.key)) throw new Failure('CODE_WRONG')
      return { value: await use(trx, found) }
    })
    if ('failure' in outcome) throw outcome.failure
    return outcome.value
  }

  return { send, resend, consume }
}

const wrong = (triesLeft: number) => new Failure('CODE_WRONG', { members: { triesLeft } })
