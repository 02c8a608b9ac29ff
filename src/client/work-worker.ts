/** A proof of work in a thread of its own: one job in; shares of the way, and the number at last, out. */
import { findNumber, type WorkJob } from './find-number.ts'

export type WorkMessage = { share: number } | { number: number | undefined }

const tell = (message: WorkMessage) => postMessage(message)

addEventListener('message', async ({ data }: MessageEvent<WorkJob>) => {
  tell({ number: await findNumber(data, (share) => tell({ share })) })
})
