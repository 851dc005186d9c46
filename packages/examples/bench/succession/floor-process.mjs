// What is possible at all: a quorum journal of three processes with nothing around it. Each write is 100 bytes; a
// group is sent, written and synced by all; two of three disks commit it. The lowest number that lives succeeds.
import { fdatasyncSync, openSync, writeSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { given, onRequest, ready } from './answer.mjs'
import { load } from './load.mjs'

const HELLO = 1
const APPEND = 2
const ACK = 3
const VOTE = 4
const VOTED = 5
/** From a client; its only message is a write. */
const CLIENT = 255
const OK = 7

const { self, ports, folder } = given
const journal = openSync(join(folder, `journal-${self}`), 'w')
const votes = openSync(join(folder, `votes-${self}`), 'w')
const value = Buffer.alloc(100, 'x')
const others = new Map()
const acked = new Map()
let leading = self === 0
let offset = 0
let last = 0
let durable = 0
let committed = 0
let waiting = []
let committing = []
let scheduled = false

function frame(type, number, body) {
  const bytes = Buffer.alloc(9 + (body?.length ?? 0))
  bytes.writeUInt32LE(5 + (body?.length ?? 0), 0)
  bytes[4] = type
  bytes.writeUInt32LE(number, 5)
  body?.copy(bytes, 9)
  return bytes
}

function read(socket, handle) {
  let rest = Buffer.alloc(0)
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('data', (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    let at = 0
    while (rest.length - at >= 4) {
      const length = rest.readUInt32LE(at)
      if (rest.length - at - 4 < length) break
      handle(rest[at + 4], rest.readUInt32LE(at + 5), rest.subarray(at + 9, at + 4 + length))
      at += 4 + length
    }
    rest = rest.subarray(at)
  })
}

function write(bytes) {
  writeSync(journal, bytes, 0, bytes.length, offset)
  offset += bytes.length
  fdatasyncSync(journal)
}

function put(done) {
  waiting.push(done)
  schedule()
}

function schedule() {
  if (scheduled || !leading || waiting.length === 0) return
  scheduled = true
  setImmediate(() => {
    scheduled = false
    const group = waiting
    waiting = []
    last += group.length
    committing.push({ upTo: last, group })
    const bytes = Buffer.concat(group.map(() => value))
    const message = frame(APPEND, last, bytes)
    for (const socket of others.values()) socket.write(message)
    setImmediate(() => {
      write(bytes)
      durable = Math.max(durable, committing.at(-1)?.upTo ?? durable)
      commit()
    })
  })
}

function commit() {
  const best = Math.max(0, ...acked.values())
  committed = Math.max(committed, Math.min(durable, best))
  while (committing[0] && committing[0].upTo <= committed)
    for (const done of committing.shift().group) done(true)
}

function link(socket, number) {
  others.set(number, socket)
  socket.on('close', () => {
    others.delete(number)
    acked.delete(number)
    // The designated successor stands as soon as the leader's connection is closed.
    if (number === 0 && Math.min(self, ...others.keys()) === self) {
      writeSync(votes, `term 2 self\n`)
      fdatasyncSync(votes)
      for (const other of others.values()) other.write(frame(VOTE, 2))
    }
  })
}

function take(number, type, count, body) {
  if (type === APPEND) {
    write(body)
    others.get(number)?.write(frame(ACK, count))
  } else if (type === ACK) {
    acked.set(number, Math.max(acked.get(number) ?? 0, count))
    commit()
  } else if (type === VOTE) {
    writeSync(votes, `term 2 ${number}\n`)
    fdatasyncSync(votes)
    others.get(number)?.write(frame(VOTED, count))
  } else if (type === VOTED && !leading) {
    leading = true
    schedule()
  }
}

createServer((socket) => {
  let from = null
  read(socket, (type, count, body) => {
    if (type === HELLO) {
      from = count
      if (from !== CLIENT) link(socket, from)
    } else if (from === CLIENT) put(() => socket.write(frame(OK, count)))
    else take(from, type, count, body)
  })
}).listen(ports[self], '127.0.0.1', () => {
  for (let number = 0; number < self; number++) dial(number)
  ready()
})

function dial(number) {
  const socket = connect({ port: ports[number], host: '127.0.0.1' })
  socket.once('connect', () => {
    socket.write(frame(HELLO, self))
    link(socket, number)
  })
  read(socket, (type, count, body) => take(number, type, count, body))
}

onRequest(async (request) => {
  if (request.do === 'load') return load(() => new Promise((resolve) => put(resolve)), request)
  if (request.do === 'links') return others.size
  return null
})
