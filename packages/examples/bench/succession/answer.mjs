// The child's side of `worker`: answers requests of the program that started it.
export const given = JSON.parse(process.argv[2] ?? '{}')

export const ready = (answer = {}) => process.send?.({ id: 0, answer })

export function onRequest(handle) {
  process.on('message', ({ id, request }) => {
    const tell = (answer) => process.connected && process.send?.({ id, answer: answer ?? null })
    void handle(request).then(tell)
  })
  process.on('disconnect', () => process.exit(0))
}
