/** What the tests of codes share: the feature with a real outbox, on either pair of engines. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { createLogger } from '../../../src/adapters/logger.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { limits } from '../../../src/features/abuse/feature.ts'
import type { Address } from '../../../src/features/addresses/api.ts'
import { captcha } from '../../../src/features/captcha/feature.ts'
import { createHouse } from '../../../src/features/feature.ts'
import { outbox } from '../../../src/features/outbox/feature.ts'
import type { Asked } from '../../../src/features/verification/api.ts'
import { verification } from '../../../src/features/verification/feature.ts'
import type { AppCaller } from '../../../src/http/caller.ts'
import { openWorld } from '../../../src/open-world.ts'
import {
  createTestClock,
  type Environment,
  embeddedEnvironment,
  openShared,
} from '../../harness/test-server.ts'

type Clock = ReturnType<typeof createTestClock>

const quiet = createLogger('silent', {
  write: (_text, done) => done(),
  writeNow: () => {},
  isTerminal: false,
})

/** One process: the feature, and the codes that it has put into the outbox. */
export const openCodes = async (environment: Environment, clock: Clock) => {
  const config = loadConfig({ TORII__CAPTCHA__MODE: 'never', ...environment })
  const opened = await openWorld({ config, logger: quiet, clock })
  const { world } = opened
  const house = createHouse(world)
  const checkRateLimit = house.add(limits, {}).check
  const captchas = house.add(captcha, {})
  const posted: Message[] = []
  const sent = house.add(outbox, { findAppName: async () => undefined })
  const codes = house.add(verification, {
    captcha: captchas,
    outbox: {
      check: sent.check,
      add: async (trx, message) => {
        await sent.add(trx, message)
        posted.push(message)
      },
    },
    addresses: { parse: async (typed) => addressOf(typed) },
    checkRateLimit,
  })
  const last = () => posted.at(-1)?.variables ?? {}
  return { ...opened, codes, collected: house.collected, posted, lastCode: () => last().code ?? '' }
}

type Message = Parameters<ReturnType<typeof outbox.create>['api']['add']>[1]
export type OpenCodes = Awaited<ReturnType<typeof openCodes>>

/** One process on SQLite. */
export const openOne = async (t: Test, environment: Environment = {}) => {
  const clock = createTestClock()
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  const one = await openCodes({ ...embeddedEnvironment(folder), ...environment }, clock)
  t.teardown(async () => {
    await one.close()
    await rm(folder, { recursive: true, force: true })
  })
  return { ...one, clock }
}

/** Two processes on one MariaDB and one Redis. */
export const openTwo = async (t: Test, environment: Environment = {}) => {
  const clock = createTestClock(Date.now())
  const shared = await openShared(environment)
  const one = await openCodes(shared.environment, clock)
  const other = await openCodes(shared.environment, clock)
  t.teardown(async () => {
    await one.close()
    await other.close()
    await shared.close()
  })
  return { one, other, clock }
}

export const addressOf = (text: string, country?: string): Address => {
  const kind = text.includes('@') ? 'email' : 'phone'
  return { kind, text, key: Buffer.from(`${kind}:${text}`), ...(country && { country }) }
}

/** Of an app, from a network; `device` has logged in if a row says so. */
export const callerOf = ({
  appId = 'app',
  network = '10.1.1.0/24',
  device,
}: {
  appId?: string
  network?: string
  device?: string
} = {}): AppCaller => {
  const text = network.replace(/0\/24$/, '7')
  return {
    requestId: 'test',
    address: {
      text,
      family: 'ipv4',
      scope: 'public',
      limitNetwork: text,
      block: text,
      site: network,
      network,
    },
    language: 'en',
    origin: undefined,
    envelope: 'json',
    strength: 0 as AppCaller['strength'],
    app: {
      appId,
      isPublic: true,
      minStrength: 0,
      rights: [],
      checks: [],
      jumpsTo: [],
      isThirdParty: false,
      scopes: [],
      ticketFormat: 'opaque',
      friends: 'off',
      friendDefaults: [],
      strangerDefaults: [],
      profileSchema: [],
    },
    device: device
      ? { id: device, knownAs: device, deviceType: 'phone', os: 'iOS 20', name: 'An iPhone', countryCode: '' }
      : undefined,
    key: undefined,
    ticket: undefined,
    isRepeat: false,
    whenGone: () => () => undefined,
  }
}

export const ask = (address: Address | string, more: Partial<Asked> = {}): Asked => ({
  purpose: 'confirm',
  address: typeof address === 'string' ? addressOf(address) : address,
  caller: callerOf(),
  asWhat: 'code',
  captcha: undefined,
  ...more,
})

/** Six digits that are not these. */
export const otherThan = (code: string) => code.replace(/.$/, (digit) => String((Number(digit) + 1) % 10))
