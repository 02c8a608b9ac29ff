import { limit, table, whole } from '../../config/fields.ts'

export const limits = {
  provision: limit(60, 3),
  echo: limit(60, 30),
}

export const provisioning = {
  devicesPerApp: whole(1_000_000, 1, 1_000_000_000, 'Most provisioned devices of one app'),
  devicesPerAddress: whole(10_000, 1, 1_000_000_000, 'Most provisioned devices from one address and app'),
  devicesPerSite: whole(
    20_000,
    1,
    1_000_000_000,
    'Most provisioned devices from one /48 (IPv4: /24) and app',
  ),
  unusedSeconds: whole(86_400, 60, 31_536_000, 'A device that never called is removed after this time'),
  idleSeconds: whole(7_776_000, 60, 315_360_000, 'A device that stopped calling is removed after this time'),
}

export const tables = {
  apps: table('apps'),
  devices: table('devices'),
}
