import { table, whole } from '../../config/fields.ts'

export const tables = { outbox: table('outbox') }

export const outbox = {
  giveUpAfterSeconds: whole(
    86_400,
    60,
    2_592_000,
    'A message that could not be sent in this time is given up; "torii outbox retry" tries it again',
  ),
  keptSeconds: whole(
    604_800,
    3_600,
    31_536_000,
    'The row of a message that was sent or given up is removed after this time',
  ),
  maxWaiting: whole(
    100_000,
    100,
    10_000_000,
    'Most messages that wait, over all processes; more are refused with 2030200 or 2030201',
  ),
}
