import type { Clock } from '../../adapters/clock.ts'
import type { AppCaller } from '../../http/caller.ts'
import { Failure, type Language } from '../../protocol/errors.ts'
import { composeFrame, type Frame, readFrame } from '../../protocol/frame.ts'
import { isObject, type JsonObject } from '../../protocol/json.ts'
import { readKeyPrint } from '../../protocol/proofs.ts'
import type { HelloFacts, Keys } from '../key-exchange/api.ts'
import type { Tickets } from '../tickets/api.ts'

export type HelloNeeds = {
  clock: Clock
  keys: Pick<Keys, 'prove' | 'note'>
  tickets: Pick<Tickets, 'resume'>
  /** Remembers what a provisioned device said of itself. */
  noteDevice(deviceId: string, facts: HelloFacts): void
  chooseLanguage(language: string | undefined): Language | undefined
}

const ownVersion = '1'
/** The texts are kept with each key and device. */
const maxLength = 32

/** Without control characters: JSON makes each six characters long in the store. */
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value.slice(0, maxLength).replace(/\p{C}/gu, '') || undefined : undefined

/** A language tag, by the form of RFC 5646 section 2.1; old clients write `_` for `-`. */
const languageOf = (value: unknown): string | undefined => {
  const tag = textOf(value)?.replaceAll('_', '-')
  return tag && /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(tag) ? tag : textOf(value)
}

const factsOf = (message: JsonObject, params: JsonObject): HelloFacts => {
  const facts = {
    language: languageOf(params.Lang ?? params.lang),
    countryCode: textOf(params.CountryCode),
    platform: textOf(message.platform),
    clientId: textOf(message.clientId),
    version: textOf(message.version),
  }
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
}

export const createHello = ({ clock, keys, tickets, noteDevice, chooseLanguage }: HelloNeeds) => {
  /** The user who is logged in on the key, with a fresh SKey. */
  const resume = async (frame: Frame, params: JsonObject, facts: HelloFacts, caller: AppCaller) => {
    const { checkTokenData } = params
    const key = await keys.prove({ keyPrint: frame.message.keyPrint, tm: frame.tm, checkTokenData }, caller)
    if (!key) return { stage: 'waitlogin' as const }
    await keys.note(key.fingerprint, facts)
    const resumed = await tickets.resume(key, caller)
    if (!resumed) return { stage: 'needlogin' as const }
    return { stage: 'waitdata' as const, ...resumed }
  }

  return async function hello(input: JsonObject, caller: AppCaller) {
    const frame = readFrame(input, 'hello')
    const { message } = frame
    const { stage, params = {} } = message
    if (typeof stage !== 'string' || stage.toLowerCase() !== 'clienthello') throw new Failure('KX_STAGE')
    if (!isObject(params)) throw new Failure('KX_CONTENT', { info: 'params' })
    const fingerprint = readKeyPrint(message.keyPrint)
    if (fingerprint === undefined) throw new Failure('KX_CONTENT', { info: 'keyPrint' })
    const facts = factsOf(message, params)
    // Already this reply is in the chosen language.
    caller.language = chooseLanguage(facts.language) ?? caller.language
    if (caller.key && fingerprint === '0') await keys.note(caller.key.fingerprint, facts)
    else if (caller.device && !caller.key) noteDevice(caller.device.id, facts)
    const answer =
      fingerprint === '0' ? { stage: 'waitlogin' as const } : await resume(frame, params, facts, caller)
    const { stage: reached, ...more } = answer
    const reply = {
      stage: reached,
      keyPrint: fingerprint,
      version: ownVersion,
      platform: 'torii',
      params: {},
    }
    return { ...composeFrame(frame, 'hello', String(clock.now()), reply), ...more }
  }
}
