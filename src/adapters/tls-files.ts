/** The certificate and private key of `server.tls`, judged before anything listens. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { StartError } from './start-error.ts'

type TlsFiles = { certFile: string; keyFile: string }

const settings = {
  certFile: 'server.tls.certFile (TORII__SERVER__TLS__CERT_FILE)',
  keyFile: 'server.tls.keyFile (TORII__SERVER__TLS__KEY_FILE)',
} as const

const problems: Record<string, string> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder; expected a file in PEM',
  EACCES: 'may not be read by this user',
}

const readPem = (file: string, setting: string): Buffer => {
  try {
    return readFileSync(file)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new StartError(`${setting}: ${file} ${problems[code] ?? `cannot be read: ${message}`}`)
  }
}

const readCertificate = (pem: Buffer, file: string): X509Certificate => {
  try {
    return new X509Certificate(pem)
  } catch {
    const isKey = pem.includes('PRIVATE KEY-----')
    const hint = isKey ? 'is a private key; certFile and keyFile may be swapped' : 'is no certificate in PEM'
    throw new StartError(`${settings.certFile}: ${file} ${hint}`)
  }
}

const readKey = (pem: Buffer, file: string): KeyObject => {
  try {
    return createPrivateKey(pem)
  } catch {
    const isEncrypted = pem.includes('ENCRYPTED')
    const hint = isEncrypted
      ? 'is protected by a passphrase; expected it without one'
      : 'is no private key in PEM'
    throw new StartError(`${settings.keyFile}: ${file} ${hint}`)
  }
}

/** Undefined without TLS. Throws StartError. */
export const readTlsFiles = ({ certFile, keyFile }: TlsFiles): { cert: Buffer; key: Buffer } | undefined => {
  if (certFile === '') return undefined
  const cert = readPem(certFile, settings.certFile)
  const key = readPem(keyFile, settings.keyFile)
  const certificate = readCertificate(cert, certFile)
  if (!certificate.checkPrivateKey(readKey(key, keyFile)))
    throw new StartError(`${settings.keyFile}: ${keyFile} is not the key of the certificate ${certFile}`)
  return { cert, key }
}
