/** Answers to pictures: how they may be typed, and how long they may be. */
import t from 'tap'
import { nodeCrypto } from '../../../src/adapters/crypto.ts'
import { systemRandom } from '../../../src/adapters/random.ts'
import { createMemoryStore } from '../../../src/adapters/store/memory.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { createCaptchas } from '../../../src/features/captcha/captcha.ts'
import type { AppCaller } from '../../../src/http/caller.ts'
import { createTestClock } from '../../harness/test-server.ts'

const caller = { app: { appId: 'app' }, address: { network: '203.0.113.0/24' } } as unknown as AppCaller
const asked = { purpose: 'register', kind: 'picture', level: 0 } as const

const open = () => {
  const clock = createTestClock()
  const store = createMemoryStore({ maxKeys: 100, clock })
  t.teardown(() => store.close())
  let drawn = ''
  const captchas = createCaptchas({
    ...{ store, clock, random: systemRandom, crypto: nodeCrypto, key: new Uint8Array(32) },
    config: loadConfig({}).captcha,
    drawGlyphs: (text) => {
      drawn += text
      return Array.from(text, () => 'M0 0L1 0L1 1Z')
    },
  })
  return {
    /** Whether an answer that is made from the text of a fresh picture is right. */
    judge: async (answerOf: (text: string) => string) => {
      drawn = ''
      const { captchaId } = await captchas.issue(asked, caller)
      return captchas.check({ captchaId, answer: answerOf(drawn) }, asked, caller).then(
        () => 'right',
        (error) => error.entry.name,
      )
    },
  }
}

t.test('an answer may be typed in any case and with blanks, up to 64 characters', async (t) => {
  const { judge } = open()
  const rows: [what: string, answerOf: (text: string) => string, outcome: string][] = [
    ['as drawn', (text) => text, 'right'],
    [
      'in small letters, full width or with blanks',
      (text) => ` ${text.toLowerCase().split('').join(' ')} `,
      'right',
    ],
    ['with blanks up to 64 characters', (text) => text.padStart(64), 'right'],
    ['one more', (text) => text.padStart(65), 'CAPTCHA_WRONG'],
    ['a ligature of 18 characters, often', () => '\ufdfa'.repeat(5_000), 'CAPTCHA_WRONG'],
    ['another text', (text) => `${text}A`, 'CAPTCHA_WRONG'],
  ]
  for (const [what, answerOf, outcome] of rows) t.equal(await judge(answerOf), outcome, what)
})
