/** What a trial prints when it has started. */
import { networkInterfaces } from 'node:os'
import type { Logger } from './adapters/logger.ts'
import { describeAddress } from './adapters/network.ts'
import type { Server } from './app.ts'
import type { Demo } from './features/trial/feature.ts'

/** A call that registers and logs in, to copy. */
const firstCall = (address: string, { appId, appSecret = 'APPSECRET' }: Demo) => {
  const members = {
    appid: appId,
    appsecret: appSecret,
    regmode: 'anonymous',
    user: { userName: 'amber' },
    password: 'correct horse',
  }
  return `curl -s ${address}/v1/register -H 'content-type: application/json' -d '${JSON.stringify(members)}'`
}

/** The same port under the names of this machine, as a browser may show it; in a lan its private addresses too. */
const originsOf = (address: string, near: readonly string[]) => {
  const { protocol, host, port } = new URL(address)
  return [`${protocol}//${host}`, `${protocol}//localhost:${port}`, ...near]
}

/** As phones see this machine, and Android's emulator. */
const nearAddresses = (address: string) => {
  const { protocol, port } = new URL(address)
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, address }) => family === 'IPv4' && describeAddress(address)?.scope === 'private')
  return [...own.map((one) => one.address), '10.0.2.2'].map((name) => `${protocol}//${name}:${port}`)
}

/** What someone who tries Torii reads: how to call it, and where to see a login. */
export const greetTrial = async (
  { openDemo }: Server,
  { greet }: Logger,
  address: string,
  isLan: boolean,
) => {
  const near = isLan ? nearAddresses(address) : []
  const demo = await openDemo(originsOf(address, near))
  greet({
    start: 'trial',
    msg: 'a trial on this machine; "npm run torii -- doctor --production" lists what to change',
  })
  if (isLan)
    greet({
      start: 'lan',
      msg: near.join(' '),
      note: 'phones and containers; the last is for Android emulators',
    })
  if (!demo) return
  const { appId, appSecret } = demo
  const rotate = `"npm run torii -- app rotate ${appId}" makes another`
  greet({
    start: 'appid',
    msg: appId,
    ...(!appSecret && { note: `its secret was shown at the first start; ${rotate}` }),
  })
  if (appSecret) greet({ start: 'appsecret', msg: appSecret, note: `shown this once; ${rotate}` })
  greet({ start: 'register', msg: firstCall(address, demo) })
  greet({
    start: 'page',
    msg: `${address}/`,
    note: 'in a browser: register, log in, see the calls; /dev/outbox shows mail and SMS',
  })
}
