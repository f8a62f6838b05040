// Publishes messages with nsqjs and consumes them over two channels, with FIN, REQ and TOUCH mixed in. Says "finished" when it
// has finished every message on both channels, and closes when its input ends: nsqjs throws away at close what it has not sent
// yet. The last line of output is a summary as JSON; the exit code is 0 when all went well.
'use strict'

const {Reader, Writer} = require('nsqjs')

const [host, port, topic, total, limitSeconds, extra = '{}'] = process.argv.slice(2)
const OPTIONS = JSON.parse(extra) // what a connection negotiates: tls, deflate, snappy
const TOTAL = Number(total)
const CHANNELS = ['one', 'two']
const MULTI = 50 // messages of one MPUB
const WINDOW = 40 // publishes under way

// What becomes of a message depends on its number only, so that the test knows the counts.
const isRequeued = (number) => number % 10 === 3
const isRequeuedLater = (number) => number % 10 === 7
const isTouched = (number) => number % 5 === 1
const isDeferred = (number) => number % 100 === 50

const summary = {acknowledged: 0, errors: [], channels: {}}

function done(reason) {
  summary.reason = reason
  const complete =
    summary.errors.length === 0 &&
    summary.acknowledged === TOTAL &&
    Object.values(summary.channels).every((seen) => seen.finished === TOTAL && seen.doubled === 0)
  process.stdout.write(`${JSON.stringify(summary)}\n`, () => process.exit(complete ? 0 : 1))
}

function consume(channel, finished) {
  const seen = {finished: 0, doubled: 0, requeued: 0, redelivered: 0, touched: 0, early: 0}
  const numbers = new Set()
  const ids = new Map()
  summary.channels[channel] = seen

  const settings = {nsqdTCPAddresses: `${host}:${port}`, maxInFlight: 200, messageTimeout: 60000, ...OPTIONS}
  const reader = new Reader(topic, channel, settings)
  reader.on(Reader.ERROR, (error) => summary.errors.push(`${channel}: ${error.message}`))
  reader.on(Reader.MESSAGE, (message) => {
    const {number, due} = message.json()
    if (Date.now() < due) seen.early++

    if (message.attempts === 1) {
      ids.set(number, message.id)
      if (isRequeued(number) || isRequeuedLater(number)) {
        seen.requeued++
        message.requeue(isRequeued(number) ? 0 : 100, false)
        return
      }
    } else {
      seen.redelivered++
      if (ids.get(number) !== message.id) summary.errors.push(`${channel}: message ${number} changed its id`)
    }

    const finish = () => {
      if (numbers.has(number)) seen.doubled++
      numbers.add(number)
      message.finish()
      seen.finished = numbers.size
      if (numbers.size === TOTAL) finished()
    }

    if (isTouched(number)) {
      seen.touched++
      message.touch()
      setTimeout(finish, 20)
    } else {
      finish()
    }
  })
  reader.connect()
  return new Promise((resolve) => reader.on(Reader.READY, () => resolve(reader)))
}

function* publishes() {
  let batch = []
  for (let number = 0; number < TOTAL; number++) {
    if (isDeferred(number)) yield {messages: [{number, due: Date.now() + 500}], delay: 500}
    else if (number % 3 === 0) yield {messages: [{number}]}
    else batch.push({number})

    if (batch.length === MULTI) {
      yield {messages: batch}
      batch = []
    }
  }

  if (batch.length > 0) yield {messages: batch}
}

async function publish() {
  const writer = new Writer(host, Number(port), OPTIONS)
  writer.on(Writer.ERROR, (error) => summary.errors.push(`writer: ${error.message}`))
  writer.connect()
  await new Promise((resolve) => writer.on(Writer.READY, resolve))

  const source = publishes()
  const next = async () => {
    for (const {messages, delay} of source) {
      const bodies = messages.map((message) => JSON.stringify(message))
      await new Promise((resolve, reject) => {
        const acknowledged = (error) => (error ? reject(error) : resolve())
        if (delay) writer.deferPublish(topic, bodies, delay, acknowledged)
        else writer.publish(topic, bodies, acknowledged)
      })
      summary.acknowledged += messages.length
    }
  }
  await Promise.all(Array.from({length: WINDOW}, next))
  return writer
}

async function main() {
  setTimeout(() => done(`not complete after ${limitSeconds} s`), Number(limitSeconds) * 1000)

  let finish
  const consumed = CHANNELS.map((channel) => new Promise((resolve) => (finish = {...finish, [channel]: resolve})))
  const readers = await Promise.all(CHANNELS.map((channel) => consume(channel, finish[channel])))
  const writer = await publish()
  await Promise.all(consumed)

  process.stdout.write('finished\n')
  await new Promise((resolve) => process.stdin.on('end', resolve).resume())
  for (const reader of readers) reader.close()
  writer.close()
  done('complete')
}

main().catch((error) => {
  summary.errors.push(error.message)
  done('failed')
})
