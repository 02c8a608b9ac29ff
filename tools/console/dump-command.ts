/** The command that dumps the tables of a MySQL or MariaDB, for a shell. */
import type { HostHealth } from '../../src/adapters/db/index.ts'
import type { DatabaseConfig } from '../../src/config/index.ts'

/** As a POSIX shell reads it back. */
const quote = (text: string) =>
  /^[A-Za-z0-9_./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

const programs = {
  mariadb: { name: 'mariadb-dump', options: [], tls: ['--ssl-verify-server-cert'] },
  // Else it would set the GTIDs of this server where the dump is read.
  mysql: { name: 'mysqldump', options: ['--set-gtid-purged=OFF'], tls: ['--ssl-mode=VERIFY_IDENTITY'] },
} as const

/**
 * All tables as they are at one moment, while servers go on writing. It asks for the password: on a command line
 * everybody on the machine could read it.
 */
export const composeDumpCommand = (
  primary: HostHealth & { host: string },
  { write, tables }: DatabaseConfig,
  file: string,
): string => {
  const settings = write.find(({ host, port }) => `${host}:${port}` === primary.host)
  if (!settings) throw new Error(`no write host is called ${primary.host}`)
  const { name, options, tls } = /MariaDB/i.test(primary.version) ? programs.mariadb : programs.mysql
  const words = [
    name,
    `--host=${settings.host}`,
    `--port=${settings.port}`,
    '--protocol=TCP',
    `--user=${settings.user}`,
    '--password',
    ...(settings.tls ? tls : []),
    ...(settings.tlsCaFile ? [`--ssl-ca=${settings.tlsCaFile}`] : []),
    ...(settings.tlsCertFile
      ? [`--ssl-cert=${settings.tlsCertFile}`, `--ssl-key=${settings.tlsKeyFile}`]
      : []),
    '--single-transaction',
    '--quick',
    '--hex-blob',
    '--no-tablespaces',
    '--default-character-set=utf8mb4',
    ...options,
    settings.database,
    ...Object.values(tables),
  ]
  return `(umask 077 && ${words.map(quote).join(' ')} > ${quote(file)})`
}
