import { existsSync } from 'node:fs'
import { type Config, isEmbedded, isTrial } from './config/index.ts'
import { rootFolder } from './config/load.ts'

export type Warning = { path: string; found: string; advice: string }

const isInProgram = (path: string) => path.startsWith(rootFolder)

/** One for each setting that is fine for a trial and not for production. */
export const listWarnings = (config: Config): Warning[] => {
  const { server, security, database, store, mail, words, providers } = config
  const rows: (Warning & { applies: boolean })[] = [
    {
      applies: isTrial(config),
      path: 'server.trial',
      found: 'plain calls from this machine are answered',
      advice: 'set it to false',
    },
    {
      applies: server.lan,
      path: 'server.lan',
      found: 'every device of this network may call, and can read what others send in clear',
      advice: 'use it for tests alone',
    },
    {
      applies: database.write.length === 0,
      path: 'database.write',
      found: 'empty, so one file serves one process',
      advice: 'name a MySQL or MariaDB',
    },
    {
      applies: store.url === '' && store.clusterNodes.length === 0,
      path: 'store.url',
      found: 'empty, so logins end with the process',
      advice: 'name a Redis',
    },
    {
      applies: isEmbedded(config) && !security.serverKey,
      path: 'security.keyFile',
      found: `${security.keyFile} was made for a trial`,
      advice: 'keep it safe, and a copy elsewhere',
    },
    {
      applies: !isEmbedded(config) && !security.serverKey && isInProgram(security.keyFile),
      path: 'security.keyFile',
      found: `${security.keyFile} is in the folder of this version, and the next one would be without it`,
      advice: 'move it elsewhere, and name that place',
    },
    {
      applies:
        !isEmbedded(config) &&
        words.source === 'file' &&
        isInProgram(words.folder) &&
        existsSync(words.folder),
      path: 'words.folder',
      found: `${words.folder} is in the folder of this version, and the next one would have no word lists`,
      advice: 'move it elsewhere, and name that place',
    },
    {
      applies: server.tls.certFile === '' && server.trustedProxies.length === 0,
      path: 'server.tls',
      found: 'no certificate and no trusted proxy',
      advice: 'passwords of plain calls need one',
    },
    {
      applies: mail.smtp.host !== '' && server.publicUrl === '',
      path: 'server.publicUrl',
      found: 'empty, so messages have no links',
      advice: 'set it to the https:// address of this server',
    },
    {
      applies: Object.values(providers).some(({ clientId }) => clientId !== '') && server.publicUrl === '',
      path: 'server.publicUrl',
      found: 'empty, so no user can log in by a provider, which sends browsers back there',
      advice: 'set it to the https:// address of this server',
    },
    {
      applies: mail.smtp.tls === 'none' && !/^(|localhost|127\..*|::1)$/.test(mail.smtp.host),
      path: 'mail.smtp.tls',
      found: 'none, so codes go to another machine in clear',
      advice: 'set it to starttls or tls',
    },
    {
      applies: security.profile === 'legacy',
      path: 'security.profile',
      found: 'legacy sends app secrets and TOTP secrets in clear',
      advice: 'use compat as soon as no caller needs it',
    },
  ]
  return rows.filter(({ applies }) => applies).map(({ applies, ...warning }) => warning)
}

/** `appId`: an app that gets its tickets as JWTs, if there is one. */
export const listIssuerWarnings = ({ server }: Config, appId: string | undefined): Warning[] => {
  if (appId === undefined || server.publicUrl !== '') return []
  return [
    {
      path: 'server.publicUrl',
      found: `empty, so app ${appId} gets no pSKeys or OpenKeys: they are JWTs, which name their issuer`,
      advice: 'set it to the https:// address of this server, or give the app --ticket-format opaque',
    },
  ]
}
