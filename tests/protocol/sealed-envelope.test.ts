/** The numbers of tests/fixtures/vectors/sealed.json, which clients in other languages may check themselves by. */
import { createECDH } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { nodeKeyPrimitives, openIdentityKey } from '../../src/adapters/key-crypto.ts'
import { nobleKeyPrimitives, verifyEd25519 } from '../../src/client/key-primitives.ts'
import { fromHex, readUtf8, toHex, utf8 } from '../../src/protocol/bytes.ts'
import { deriveKeys, hashTranscript, serverKeyIdOf, signedText } from '../../src/protocol/key-exchange.ts'
import { pointOf } from '../../src/protocol/public-key.ts'
import { findSealedSuite, openMessage, sealMessage } from '../../src/protocol/sealed-envelope.ts'

const { vectors } = JSON.parse(
  readFileSync(fileURLToPath(import.meta.resolve('#root/tests/fixtures/vectors/sealed.json')), 'utf8'),
)
const bytes = (hex: string) => fromHex(hex) ?? new Uint8Array()
const sides = { server: nodeKeyPrimitives, client: nobleKeyPrimitives }

for (const [side, primitives] of Object.entries(sides)) {
  t.test(`the published vectors hold on the ${side}'s side`, async (t) => {
    for (const { encType, exchange, keys: expected, request, reply } of vectors) {
      const suite = findSealedSuite(encType)
      if (!suite) throw new Error(encType)
      const client = createECDH('prime256v1')
      client.setPrivateKey(bytes(exchange.clientPrivate))
      const serverPoint = pointOf(bytes(exchange.serverSpki)) ?? new Uint8Array()
      const x = client.computeSecret(serverPoint)
      t.equal(toHex(x), exchange.x)
      const hash = hashTranscript(primitives, {
        ...exchange,
        suite,
        clientPoint: pointOf(bytes(exchange.clientSpki)) ?? new Uint8Array(),
        clientNonce: bytes(exchange.clientNonce),
        serverPoint,
        serverNonce: bytes(exchange.serverNonce),
      })
      t.equal(toHex(hash), exchange.transcriptHash)
      const { keys, proofs } = deriveKeys(primitives, suite, x, hash)
      t.same(
        {
          fingerprint: keys.fingerprint,
          clientKey: toHex(keys.clientKey),
          serverKey: toHex(keys.serverKey),
          proof2: toHex(proofs[2]),
          proof3: toHex(proofs[3]),
          proof4: toHex(proofs[4]),
        },
        expected,
      )
      const identity = openIdentityKey(bytes(exchange.identitySeed))
      t.equal(toHex(identity.publicKey), exchange.identityPublic)
      t.equal(serverKeyIdOf(primitives, identity.publicKey), exchange.serverKeyId)
      t.equal(toHex(identity.sign(signedText(hash))), exchange.signature)
      t.ok(verifyEd25519(identity.publicKey, signedText(hash), bytes(exchange.signature)))
      t.notOk(verifyEd25519(identity.publicKey, signedText(bytes('00')), bytes(exchange.signature)))

      const { path, timestampMs, sequence } = request
      const header = { timestampMs, sequence, requestId: bytes(request.requestId) }
      const sealed = sealMessage(primitives, keys, 'client', {
        ...{ header, path, plaintext: utf8(request.text), nonce: bytes(request.nonce) },
      })
      t.same([sealed.j, toHex(sealed.tag)], [request.j, request.tag])
      const opened = openMessage(primitives, keys, 'client', { j: request.j, path })
      t.equal(readUtf8(opened?.plaintext ?? new Uint8Array()), request.text)
      t.same(opened?.header, header)
      const answer = sealMessage(primitives, keys, 'server', {
        header: { ...header, timestampMs: reply.timestampMs },
        ...{ path, plaintext: utf8(reply.text), nonce: bytes(reply.nonce), requestTag: sealed.tag },
      })
      t.equal(answer.j, reply.j)
      const read = (requestTag?: Uint8Array, of = path) =>
        openMessage(primitives, keys, 'server', { j: reply.j, path: of, ...(requestTag && { requestTag }) })
      t.equal(readUtf8(read(sealed.tag)?.plaintext ?? new Uint8Array()), reply.text)
      t.equal(read(), undefined, 'a reply belongs to its request')
      t.equal(read(sealed.tag, '/v1/login'), undefined, 'and to its path')
      t.equal(
        openMessage(primitives, keys, 'client', { j: reply.j, path }),
        undefined,
        'and to its direction',
      )
    }
  })
}
