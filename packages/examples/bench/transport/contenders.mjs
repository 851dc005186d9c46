// Links of the contenders under one face: `{ send, buffered, close }`, and `frame` for what comes.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { nodeHost } from '@tanist/transport'

// The very ws that links are made of.
const { WebSocket, WebSocketServer } = createRequire(fileURLToPath(import.meta.resolve('@tanist/transport')))(
  'ws',
)

const quiet = { write: () => undefined }
const host = nodeHost({ app: 'bench', secret: 'only measured, on loopback', log: quiet })
const bare = { perMessageDeflate: false }
/** As links have them, see wire.ts: no masks. */
const alike = { ...bare, generateMask: (mask) => mask.fill(0) }

/** Of an open WebSocket. `cork`: what is sent in one turn of the event loop leaves together, as it does in TLS. */
function overSocket(ws, cork) {
  // oxlint-disable-next-line no-underscore-dangle -- ws has no other way to its socket
  const socket = ws._socket
  socket.setNoDelay(true)
  let corked = false
  return {
    send(bytes) {
      if (cork && !corked) {
        corked = true
        socket.cork()
        setImmediate(() => {
          corked = false
          socket.uncork()
        })
      }
      ws.send(bytes)
    },
    get buffered() {
      return ws.bufferedAmount
    },
    close: () => ws.close(),
  }
}

function plain(options, cork) {
  return {
    listen: (accept) =>
      new Promise((resolve) => {
        const server = new WebSocketServer({ ...options, host: '127.0.0.1', port: 0 }, () =>
          resolve(`127.0.0.1:${server.address().port}`),
        )
        server.on('connection', (ws) => {
          const frame = accept(overSocket(ws, cork))
          ws.on('message', frame)
        })
      }),
    dial: (address, frame) =>
      new Promise((resolve, reject) => {
        const ws = new WebSocket(`ws://${address}`, options)
        ws.on('open', () => resolve(overSocket(ws, cork)))
        ws.on('message', frame)
        ws.on('error', reject)
      }),
  }
}

const face = (link) => ({
  send: (bytes) => link.send(bytes),
  get buffered() {
    return link.bufferedBytes
  },
  close: () => link.close(),
})

const tanist = {
  listen: (accept) =>
    new Promise((resolve, reject) => {
      host.network.listen('127.0.0.1:0', {
        listening: resolve,
        accept: (link) => ({ opened() {}, frame: accept(face(link)), closed() {} }),
        failed: reject,
      })
    }),
  dial: (address, frame) =>
    new Promise((resolve, reject) => {
      const link = host.network.dial(address, {
        opened: () => resolve(face(link)),
        frame,
        closed: (end) => reject(new Error(JSON.stringify(end))),
      })
    }),
}

export const contenders = {
  ws: plain(bare, false),
  'ws, corked': plain(bare, true),
  'ws, corked, no masks': plain(alike, true),
  tanist,
}
