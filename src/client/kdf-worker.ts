/** bcrypt in a thread of its own: one message in, one out. A Worker starts it by importing it. */
import { bcryptText } from '../protocol/bcrypt-text.ts'
import type { KdfJob } from './password.ts'

addEventListener('message', async ({ data }: MessageEvent<KdfJob>) => {
  postMessage(await bcryptText(data.text, data.salt, data.cost).catch(() => ''))
})
