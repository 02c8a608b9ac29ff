/** `torii device`: what was provisioned. */
import { type Command, InvalidArgumentError } from 'commander'
import type { DeviceSummary } from '../../src/features/apps/device-admin.ts'
import { Failure } from '../../src/protocol/errors.ts'
import { type Context, describe } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { alignRows, isoTime } from '../console/text.ts'
import { readAppId, readMost } from '../console/values.ts'

type ListOptions = { app: string; most: number }

const toTime = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

const toData = (device: DeviceSummary) => ({
  device: device.deviceId,
  appid: device.appId,
  type: device.deviceType,
  os: device.os,
  name: device.name,
  address: device.address,
  createdAt: toTime(device.createdAt),
  lastSeenAt: toTime(device.lastSeenAt),
  expiresAt: toTime(device.expiresAt),
})

const toRow = ({ deviceId, deviceType, os, name, address, createdAt, lastSeenAt }: DeviceSummary) => [
  deviceId,
  [deviceType, os, name].filter(Boolean).join(' ') || '-',
  address || '-',
  isoTime(createdAt),
  lastSeenAt === null ? 'never' : isoTime(lastSeenAt),
]

const list = ({ withAdmin, print }: Context, { app, most }: ListOptions) =>
  withAdmin(async ({ devices }) => {
    const found = await devices.list(app, most).catch((error) => {
      if (!(error instanceof Failure) || error.entry.name !== 'APP_REFUSED') throw error
      throw new Refusal(`no app has the id ${app}; "torii app list" shows them`)
    })
    const head = ['device', 'what it is', 'address', 'provisioned', 'last call']
    print(
      found.map(toData),
      found.length > 0 ? alignRows([head, ...found.map(toRow)]) : [`${app} has no device`],
    )
  })

const remove = ({ withAdmin, print }: Context, device: string) =>
  withAdmin(async ({ devices, place }) => {
    if (!(await devices.remove(device))) throw new Refusal(`there is no device ${device}, in ${place}`)
    print({ device, removed: true }, [
      `Device ${device} is removed, in ${place}: it has to be provisioned anew. Running servers notice it within a second.`,
    ])
  })

const readDevice = (text: string): string => {
  const device = text.toLowerCase()
  if (/^[0-9a-f]{32}$/.test(device)) return device
  throw new InvalidArgumentError('Expected 32 hexadecimal digits, as "torii device list" shows them.')
}

export const register = (program: Command, context: Context) => {
  const device = describe(
    program.command('device'),
    'Provisioned devices',
    'torii device list --app 8YqK2mVbX0tLr5Zc',
  )
  describe(
    device.command('list'),
    'Lists devices of an app by their last call',
    'torii device list --app 8YqK2mVbX0tLr5Zc --most 200',
  )
    .requiredOption('--app <id>', 'the appid', readAppId)
    .option('--most <count>', 'how many at most, up to 1000', readMost, 50)
    .action((options: ListOptions) => list(context, options))
  describe(
    device.command('remove'),
    'Removes a device, which has to be provisioned anew',
    'torii device remove 0123456789abcdef0123456789abcdef',
  )
    .argument('<device>', 'its t, as "torii device list" shows it', readDevice)
    .action((id: string) => remove(context, id))
}
