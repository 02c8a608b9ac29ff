/** What networks of strangers can use and keep together: limits and keys add up by /56, /48 and /24, and in all. */
import t from 'tap'
import { describeAddress } from '../../src/adapters/network.ts'
import { createMemoryStore } from '../../src/adapters/store/memory.ts'
import { createLimits } from '../../src/features/abuse/limits.ts'
import { catalogue } from '../../src/protocol/errors.ts'
import { exchangeKey } from '../harness/key-client.ts'
import { createTestClock } from '../harness/test-server.ts'
import { openKeyWorld } from './key-world.ts'
import { openWorld } from './world.ts'

/** Serves other hosts without TLS. */
const legacy = { TORII__SECURITY__PROFILE: 'legacy' }
const tooOften = catalogue.TOO_OFTEN.code

t.test('a limit counts for the networks around an address too', async (t) => {
  const store = createMemoryStore({ maxKeys: 100_000, clock: createTestClock() })
  t.teardown(() => store.close())
  const limits = createLimits({ store, limits: { provision: [60, 3] } })
  const passes = async (addresses: string[]) => {
    let passed = 0
    for (const text of addresses) {
      const address = describeAddress(text)
      if (!address) throw new Error(text)
      await limits.check('provision', address).then(
        () => passed++,
        () => {},
      )
    }
    return passed
  }
  const upTo = (count: number, addressAt: (place: number) => string) =>
    Array.from({ length: count }, (_, at) => addressAt(at))
  t.equal(await passes(upTo(45, () => '2600:1::1')), 3, 'one /64')
  t.equal(await passes(upTo(45, (at) => `2600:2:0:${at.toString(16)}::1`)), 12, '45 /64s of a /56')
  t.equal(await passes(upTo(45, (at) => `2600:3:0:${(at * 256).toString(16)}::1`)), 36, '45 /56s of a /48')
  t.equal(await passes(upTo(45, (at) => `2600:${at + 16}::1`)), 45, '45 /48s')
  t.equal(await passes(upTo(250, (at) => `8.8.8.${at}`)), 192, 'a /24, wide: other people are there')
  t.equal(await passes(upTo(250, (at) => `10.0.0.${at}`)), 250, 'not in a private network')
})

t.test('calls of 45 /64s of a /48 are refused, and those of another one are not', async (t) => {
  const world = await openWorld(t, { TORII__LIMITS__PROVISION: '[60, 3]', ...legacy })
  const codeFrom = async (from: string) =>
    JSON.parse(
      (await world.request({ url: `/v1/totp?n=${world.app.appId}&s=${world.app.appSecret}`, from })).body,
    ).code
  const codes = []
  for (let at = 0; at < 45; at++) codes.push(await codeFrom(`2600:3:0:${(at * 256).toString(16)}::1`))
  t.equal(codes.filter((code) => code === tooOften).length, 9)
  t.equal(await codeFrom('2600:4::1'), catalogue.OK.code)
})

t.test('keys that no user has logged in on are bounded for a /48, whatever its /64s', async (t) => {
  const world = await openKeyWorld(t, legacy)
  const from = (at: number) => `2600:5:0:${at.toString(16)}::1`
  const callFrom =
    (address: string) =>
    async (path: string, members: object): Promise<never> =>
      JSON.parse(
        (
          await world.request({
            url: path,
            json: { appid: world.app.appId, appsecret: world.app.appSecret, ...members },
            from: address,
          })
        ).body,
      ) as never
  const { store } = world.server
  const keys = []
  for (let at = 0; at < 530; at++)
    keys.push(await exchangeKey(callFrom(from(at)), 'AES-CTR', world.clock.now))
  const left = await Promise.all(keys.map(({ keyPrint }) => store.get(`key:{${keyPrint}}`)))
  t.equal(left.filter((text) => text !== undefined).length, 512)
  t.equal(left.slice(0, 18).filter((text) => text !== undefined).length, 0, 'the oldest gave way')
})
