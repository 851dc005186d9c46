// The child's side of `worker`: answers requests of the program that started it.
export const given = JSON.parse(process.argv[2] ?? '{}')

export const ready = (answer = {}) => process.send?.({ id: 0, answer })

export function onRequest(handle) {
  process.on('message', async ({ id, request }) => {
    const answer = await handle(request)
    if (process.connected) process.send?.({ id, answer: answer ?? null })
  })
  process.on('disconnect', () => process.exit(0))
}
