/** Key exchange and hello as the client sees them, over any form of call. */
import { randomBytes } from 'node:crypto'
import { type Answer, isJson, type Json, type Line, text } from './client.ts'
import {
  base64,
  fromPem,
  hashOf,
  type Key1,
  type Key2,
  key1,
  key2,
  keyPair,
  type ServerKey,
  type Suite1,
  type Suite2,
  signed,
  toPem,
} from './exchange.ts'

const path = '/v1/key-exchange'

const clock = (): string => String(Date.now())

function frame(keyEx: Json, tm = clock()): Json {
  return { version: 1, tm, keyPrint: '0', msgType: 'keyExchange', keyEx }
}

/** The `keyEx` of a reply that is as expected. */
function keyExOf({ body }: Answer, stage: number, status: string): Json {
  const { keyEx } = body
  if (body.code !== 1000000 || !isJson(keyEx)) throw new Error(JSON.stringify(body))
  if (keyEx.stage !== stage || keyEx.status !== status) throw new Error(JSON.stringify(body))
  return keyEx
}

function must(condition: boolean, message: string): void {
  if (!condition) throw new Error(message)
}

export async function exchange1(line: Line, encType: Suite1): Promise<Key1> {
  const pair = keyPair()
  const stage1 = { stage: 1, pubKey: toPem(pair.spki), encType }
  const reply2 = await line.call(path, frame(stage1))
  const stage2 = keyExOf(reply2, 2, 'ready')
  const key = key1(encType, pair.shared(fromPem(text(stage2, 'pubKey'))))
  must(text(stage2, 'keyPrint') === key.keyPrint, 'stage 2: another key')
  must(key.holds(text(stage2, 'tempKey'), text(reply2.body, 'tm')), 'stage 2: not its proof')
  const tm = clock()
  const stage3 = { stage: 3, keyPrint: key.keyPrint, tempKey: key.enc(tm), status: 'ready' }
  const stage4 = keyExOf(await line.call(path, frame(stage3, tm)), 4, 'needlogin')
  must(text(stage4, 'keyPrint') === key.keyPrint, 'stage 4: another key')
  return key
}

/** `serverKeys`: those that the client was shipped with; without any it trusts whoever answers. */
export async function exchange2(
  line: Line,
  appId: string,
  encType: Suite2,
  serverKeys: ServerKey[],
): Promise<Key2> {
  const pair = keyPair()
  const clientNonce = randomBytes(32)
  const serverKeyIds = serverKeys.map(({ id }) => id)
  const stage1 = { stage: 1, kx: 2, pubKey: toPem(pair.spki), nonce: clientNonce.toString('base64'), encType }
  const choice = serverKeys.length > 0 ? { serverKeyIds } : {}
  const reply2 = await line.call(path, frame({ ...stage1, ...choice }))
  const stage2 = keyExOf(reply2, 2, 'ready')
  must(stage2.kx === 2, 'stage 2: another version')
  const serverSpki = fromPem(text(stage2, 'pubKey'))
  const serverKeyId = text(stage2, 'serverKeyId')
  const th = hashOf({
    appId,
    encType,
    clientSpki: pair.spki,
    clientNonce,
    rsaPrint: '0',
    serverKeyIds,
    serverSpki,
    serverNonce: base64(text(stage2, 'nonce')),
    serverKeyId,
    tm: text(reply2.body, 'tm'),
  })
  const serverKey = serverKeys.find(({ id }) => id === serverKeyId)
  if (serverKeys.length > 0) {
    const good = serverKey && signed(serverKey.publicKey, th, base64(text(stage2, 'signature')))
    must(good === true, 'stage 2: not signed by our server')
  }
  const key = key2(encType, th, pair.shared(serverSpki))
  must(text(stage2, 'keyPrint') === key.keyPrint, 'stage 2: another key')
  must(base64(text(stage2, 'tempKey')).equals(base64(key.proofs[2])), 'stage 2: not its proof')
  const stage3 = { stage: 3, kx: 2, keyPrint: key.keyPrint, tempKey: key.proofs[3], status: 'ready' }
  const stage4 = keyExOf(await line.call(path, frame(stage3)), 4, 'needlogin')
  must(stage4.kx === 2, 'stage 4: another version')
  must(base64(text(stage4, 'tempKey')).equals(base64(key.proofs[4])), 'stage 4: not its proof')
  return key
}

function helloFrame(tm: string, keyPrint: string, params: Json): Json {
  const hello = {
    clientId: 'stranger',
    platform: 'node',
    version: '1.0',
    stage: 'clienthello',
    keyPrint,
    params,
  }
  return { version: 1, tm, keyPrint: '0', msgType: 'hello', hello }
}

export const hello = (line: Line): Promise<Answer> => line.call('/v1/hello', helloFrame(clock(), '0', {}))

export function helloOn1(line: Line, key: Key1): Promise<Answer> {
  const tm = clock()
  return line.call('/v1/hello', helloFrame(tm, key.keyPrint, { checkTokenData: key.enc(tm) }))
}

/** The seal is the proof; `params` may hold one of version 1 all the same. */
export const helloOn2 = (line: Line, key: Key2, params: Json = {}): Promise<Answer> =>
  line.call('/v1/hello', helloFrame(clock(), key.keyPrint, params))

/** The members that bind a login to a key of version 1. */
export function proofMembers(key: Key1): Json {
  const tm = clock()
  return { keyPrint: key.keyPrint, tm, checkTokenData: key.enc(tm) }
}
