/** Settings that only production shows to be wrong. */
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Db } from '../../src/adapters/db/index.ts'
import { type Config, isTrial } from '../../src/config/index.ts'
import { listIgnoredVariables } from '../../src/config/load.ts'
import { findSigningApp } from '../../src/features/apps/repo.ts'
import { listIssuerWarnings, listWarnings } from '../../src/warnings.ts'
import { explain } from '../console/explain.ts'
import { isoTime } from '../console/text.ts'
import { broken, type Finding, ok, warning } from './finding.ts'

export const checkProxies = (config: Config): Finding => {
  const { trustedProxies, host } = config.server
  const subject = 'proxies'
  if (trustedProxies.length > 0) return ok(subject, `X-Forwarded-For counts from ${trustedProxies.join(' ')}`)
  if (!isTrial(config) && ['127.0.0.1', '::1', 'localhost'].includes(host)) {
    const advice =
      'if a proxy stands in front, name it in server.trustedProxies; else all callers share one address and its limits'
    return warning(subject, `none, and the server listens on ${host} alone`, advice)
  }
  return ok(subject, 'none: addresses are those of the connections')
}

const dayMs = 86_400_000

export const checkTls = ({ server: { tls } }: Config): Finding[] => {
  if (!tls.certFile) return []
  try {
    const cert = readFileSync(tls.certFile)
    createSecureContext({ cert, key: readFileSync(tls.keyFile) })
    const leftMs = Date.parse(new X509Certificate(cert).validTo) - Date.now()
    const found = `${tls.certFile}, good until ${isoTime(Date.now() + leftMs)}`
    if (leftMs <= 0)
      return [broken('certificate', found, 'it has ended: renew it and start the server again')]
    if (leftMs < 14 * dayMs) return [warning('certificate', found, 'renew it, then start the server again')]
    return [ok('certificate', found)]
  } catch (error) {
    return [broken('certificate', explain(error), 'no server starts: correct server.tls')]
  }
}

export const checkIssuer = async (db: Db, config: Config): Promise<Finding[]> =>
  listIssuerWarnings(config, await findSigningApp(db.write)).map(({ path, found, advice }) =>
    broken(path, found, advice),
  )

type SettingsOptions = { environment: NodeJS.ProcessEnv; production: boolean }

/** Who may read the embedded database, and what is fine for a trial only, which is broken in production. */
export const checkSettings = (config: Config, { environment, production }: SettingsOptions): Finding[] => {
  const { file, write } = config.database
  const mode = write.length === 0 ? statSync(file, { throwIfNoEntry: false })?.mode : undefined
  const isOpen = mode !== undefined && (mode & 0o077) !== 0
  const ignored = listIgnoredVariables(environment).map(({ name, meant }) =>
    warning(name, 'not read', `the name is ${meant}`),
  )
  const found = [
    ...ignored,
    ...listWarnings(config).map(({ path, found, advice }) =>
      production ? broken(path, found, advice) : warning(path, found, advice),
    ),
  ]
  return [
    ...(isOpen ? [warning('database.file', `${file} can be read by others`, `chmod 600 ${file}`)] : []),
    ...(found.length > 0 ? found : [ok('settings', 'fit for production')]),
  ]
}
