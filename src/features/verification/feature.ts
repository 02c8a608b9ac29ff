/** Codes sent to e-mail addresses and phones, and what they unlock. */
import type { Address as CallerAddress } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Addresses } from '../addresses/api.ts'
import type { Captcha } from '../captcha/api.ts'
import { feature, operation, type World } from '../feature.ts'
import type { Outbox } from '../outbox/api.ts'
import type { Codes, PurposeHandler } from './api.ts'
import { createCodes } from './codes.ts'
import { readFlow } from './flow-name.ts'
import { linkPath, renderLink } from './links.ts'
import { createPost } from './message.ts'
import { removeOldFlows, removeOldSmsDays } from './repo.ts'
import { createCheckSend } from './send-checks.ts'
import { createSendLimits } from './send-limits.ts'
import { createSmsBudget } from './sms-budget.ts'
import { type Purpose, sendShape, verifyShape } from './wire.ts'

export { reservedCodeKeys } from './send-limits.ts'

const dayMs = 24 * 3_600_000
const budgetMs = 30_000

export type VerificationNeeds = {
  captcha: Pick<Captcha, 'checkCall'>
  outbox: Pick<Outbox, 'add' | 'check'>
  addresses: Pick<Addresses, 'parse'>
  checkRateLimit(operation: string, address: CallerAddress): Promise<void>
}

export const verification = feature({
  create: (world: World, { captcha, outbox, addresses, checkRateLimit }: VerificationNeeds) => {
    const { config, db, clock, random, crypto, sealer, store, logger } = world
    const key = crypto.hmacSha256(world.key.ticket, new TextEncoder().encode('codes'))
    const checkNetwork = (address: CallerAddress) => checkRateLimit('codesSent', address)
    const budget = createSmsBudget({ db, clock, config: config.sms, logger })
    const limits = createSendLimits({ store, clock, config: config.codes, logger, checkNetwork })
    const check = createCheckSend({ db, crypto, key, captcha, outbox, limits, budget })
    const { links } = config.mail
    const handlers = new Map<Purpose, PurposeHandler>()
    const findPage = (purpose: Purpose) => handlers.get(purpose)?.page
    const { lifeSeconds } = config.codes
    const post = createPost({ outbox, clock, lifeSeconds, links, findPage })
    const codes = createCodes({ db, clock, random, crypto, sealer, key, config: config.codes, check, post })
    const api: Codes = {
      send: codes.send,
      consume: codes.consume,
      handle: (purpose, handler) => void handlers.set(purpose, handler),
    }
    return {
      api,
      operations: createOperations({ codes, handlers, addresses }),
      pages: [
        {
          path: linkPath,
          method: 'GET' as const,
          limit: 'other',
          render: ({ caller, parameters }) => renderLink(links, parameters.get('app') ?? '', caller.language),
        },
      ],
      jobs: [{ everyMs: budgetMs, name: 'look at the SMS of today', work: budget.read }],
      retention: [
        { name: 'code flows', keptMs: dayMs, remove: removeOldFlows },
        { name: 'SMS days', keptMs: 40 * dayMs, remove: removeOldSmsDays },
      ],
      health: [{ name: 'smsBudget', problem: budget.problem }],
      gauges: [
        {
          name: 'torii_sms_today',
          labelNames: ['country'],
          help: 'SMS with codes sent today, by all processes',
          read: () => budget.sent().map(({ country, sent }) => ({ labels: { country }, value: sent })),
        },
      ],
    }
  },
})

type OperationNeeds = {
  codes: ReturnType<typeof createCodes>
  handlers: ReadonlyMap<Purpose, PurposeHandler>
  addresses: Pick<Addresses, 'parse'>
}

const createOperations = ({ codes, handlers, addresses }: OperationNeeds) => [
  operation(sendShape)(async ({ purpose, address: typed, kind, flow, captcha }, caller) => {
    if (flow !== undefined) return { code: 'OK', ...(await codes.resend(flow, { caller, captcha })) }
    if (purpose === undefined)
      throw new Failure('PARAMETER_MISSING', { info: 'flow, or purpose and address' })
    if (typed === undefined) throw new Failure('PARAMETER_MISSING', { info: 'address' })
    const begin = handlers.get(purpose)?.begin
    if (!begin) throw new Failure('NOT_IN_LIST', { info: 'purpose: it has an operation of its own' })
    const begun = await begin(await addresses.parse(typed, kind), caller)
    return { code: 'OK', ...(await codes.send({ ...begun, purpose, caller, captcha })) }
  }),
  operation(verifyShape)(async (input, caller) => {
    const read = readFlow(input.flow)
    const verify = read && handlers.get(read.purpose)?.verify
    if (!verify) throw new Failure('CODE_EXPIRED')
    return verify(input, caller)
  }),
]
