import { type Config, isEmbedded, isTrial } from './config.ts'

/** One line for each setting that is fine for a trial and not for production. */
export const listWarnings = (config: Config): string[] => {
  const { server, security, database, store } = config
  const rows: [boolean, string][] = [
    [isTrial(config), 'server.trial: plain calls from this machine are answered; set it to false'],
    [
      database.write.length === 0,
      'database.write: empty, so one file serves one process; name a MySQL or MariaDB',
    ],
    [
      store.url === '' && store.clusterNodes.length === 0,
      'store.url: empty, so logins end with the process; name a Redis',
    ],
    [
      isEmbedded(config) && !security.serverKey,
      `security.keyFile: ${security.keyFile} was made for a trial; keep it safe, and a copy elsewhere`,
    ],
    [
      server.tls.certFile === '' && server.trustedProxies.length === 0,
      'server.tls: no certificate and no trusted proxy; passwords of plain calls need one',
    ],
    [security.profile === 'legacy', 'security.profile: legacy sends app secrets and TOTP secrets in clear'],
  ]
  return rows.filter(([applies]) => applies).map(([, text]) => text)
}
