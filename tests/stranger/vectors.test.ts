import t from 'tap'
import { fromHex, hashOf, idOf, key1, key2, keyPair, signed, suites1 } from './exchange.ts'
import { openReply, sealRequest } from './sealed.ts'
import { twofish } from './twofish.ts'
import { vectors } from './vectors.ts'
import { decrypt, keyOf, seal, totp } from './xxtea.ts'

const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex')

t.test('the vectors hold', async (t) => {
  const { variableKey, variableText } = vectors('twofish.json')
  for (const [key, plain, cipher] of [...variableKey, ...variableText])
    if (hex(twofish(fromHex(key)).encrypt(fromHex(plain))) !== cipher) t.fail(`twofish ${key} ${plain}`)

  const envelope = vectors('totp-envelope.json')
  for (const { secret, step, code, j } of envelope.vectors) {
    t.equal(totp(secret, step), code)
    t.equal(seal(secret, step, Buffer.from(envelope.plaintext)), j)
    const plain = decrypt(Buffer.from(j, 'base64url'), keyOf(secret, step))
    t.equal(plain?.toString(), envelope.plaintext)
  }

  const exchange = vectors('key-exchange.json')
  for (const vector of exchange.vectors) {
    const client = keyPair(fromHex(exchange.clientPrivate))
    t.equal(client.spki.toString('base64'), exchange.clientPublicSpkiBase64)
    const x = client.shared(keyPair(fromHex(vector.serverPrivate)).spki)
    t.equal(hex(x), vector.x)
    const proofs = { 'AES-CTR': vector.aesCtr, ChaCha20: vector.chacha20, twofish128: vector.twofishCbc }
    for (const suite of suites1) {
      const key = key1(suite, x)
      t.equal(key.keyPrint, suite === 'twofish128' ? vector.keyPrintTwofish : vector.keyPrint)
      t.ok(key.holds(proofs[suite], exchange.text), suite)
    }
  }
})

t.test('the vectors of version 2 hold', async (t) => {
  for (const { encType, exchange, keys, request, reply } of vectors('sealed.json').vectors) {
    const client = keyPair(fromHex(exchange.clientPrivate))
    t.equal(hex(client.spki), exchange.clientSpki)
    const serverSpki = fromHex(exchange.serverSpki)
    t.equal(hex(client.shared(serverSpki)), exchange.x)
    const clientNonce = fromHex(exchange.clientNonce)
    const serverNonce = fromHex(exchange.serverNonce)
    const th = hashOf({ ...exchange, encType, clientSpki: client.spki, clientNonce, serverSpki, serverNonce })
    t.equal(hex(th), exchange.transcriptHash)
    const identity = fromHex(exchange.identityPublic)
    t.equal(idOf(identity), exchange.serverKeyId)
    t.ok(signed(identity, th, fromHex(exchange.signature)))

    const key = key2(encType, th, fromHex(exchange.x))
    t.equal(key.keyPrint, keys.fingerprint)
    t.equal(hex(key.clientKey), keys.clientKey)
    t.equal(hex(key.serverKey), keys.serverKey)
    t.same(
      Object.values(key.proofs).map((proof) => hex(Buffer.from(proof, 'base64'))),
      [keys.proof2, keys.proof3, keys.proof4],
    )
    const bytes = { requestId: fromHex(request.requestId), nonce: fromHex(request.nonce) }
    const sent = sealRequest(key, { ...request, ...bytes })
    t.equal(sent.j, request.j)
    t.equal(hex(sent.tag), request.tag)
    t.same(openReply(key, sent, reply.j), { text: reply.text, timestampMs: reply.timestampMs })
    const other = sealRequest(key, { ...request, ...bytes, path: '/v1/logout' })
    t.throws(() => openReply(key, other, reply.j), 'the reply is bound to its request')
  }
})
